using System.Threading.RateLimiting;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Limits the number of agent streams of this process, including those without a Hello.</summary>
internal sealed class SessionPermits(IOptions<AgentStreamOptions> options) : IDisposable
{
    private readonly ConcurrencyLimiter _places = new(
        new ConcurrencyLimiterOptions { PermitLimit = options.Value.MaxSessions, QueueLimit = 0 }
    );

    /// <returns>A permit that is released when it is disposed of.</returns>
    public Result<IDisposable> Take()
    {
        var lease = _places.AttemptAcquire();
        if (lease.IsAcquired)
            return lease;
        lease.Dispose();
        return new Error(
            ErrorKind.ResourceExhausted,
            ErrorReasons.TooManySessions,
            $"This control plane holds {options.Value.MaxSessions} agents, its maximum; raise the limit or add a replica."
        );
    }

    public void Dispose() => _places.Dispose();
}
