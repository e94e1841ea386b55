using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Limits the agents that are dialling but not attached yet to as many as can be attached within their patience. All
/// others are refused before authentication, at a fraction of the cost of an attach, with a moment at which there is
/// room for them. Otherwise a crowd that returns at once would use up the processors for dials that are given up, and
/// nobody would attach.
/// </summary>
internal sealed class AgentArrivals(TimeProvider time)
{
    /// <summary>A third of the time that an agent waits for its Welcome.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    /// <summary>Attaches per second that are assumed before any were measured.</summary>
    private const double InitialRate = 300;

    private const double MinRate = 100;

    private readonly Lock _lock = new();
    private readonly RetryReservations _reservations = new(time);
    private double _rate = InitialRate;
    private int _arriving;
    private int _peak;
    private int _attached;
    private long _since = time.GetTimestamp();

    /// <summary>Maximum number of agents that arrive at once.</summary>
    public int Limit => (int)(_rate * Patience.TotalSeconds);

    /// <returns>The arrival, to be disposed of at the end of the request; or an error with a retry delay.</returns>
    public Result<Arrival> Enter()
    {
        lock (_lock)
        {
            Roll();
            if (_arriving >= Limit)
                return AgentAdmission.TooManyAtOnce(_reservations.Next(Patience, TimeSpan.FromSeconds(1 / _rate)));
            _peak = Math.Max(_peak, ++_arriving);
            return new Arrival(Left);
        }
    }

    private void Left(bool attached)
    {
        lock (_lock)
        {
            if (attached)
                _attached++;
            Roll();
            _arriving--;
        }
    }

    /// <summary>Ends a window, and adapts the rate to it.</summary>
    private void Roll()
    {
        var elapsed = time.GetElapsedTime(_since);
        if (elapsed < Window)
            return;
        // The number of attaches shows the capacity only under load.
        if (2 * _peak > Limit)
            _rate = Math.Max(MinRate, (_rate + (_attached / elapsed.TotalSeconds)) / 2);
        (_attached, _peak, _since) = (0, _arriving, time.GetTimestamp());
    }
}

/// <summary>An agent that is dialling. Stored with its request.</summary>
/// <param name="left">Called once, with whether the agent was attached.</param>
internal sealed class Arrival(Action<bool> left) : IDisposable
{
    private Action<bool>? _left = left;

    /// <summary>The agent is attached, and makes room for another one.</summary>
    public void Attached() => Interlocked.Exchange(ref _left, null)?.Invoke(true);

    public void Dispose() => Interlocked.Exchange(ref _left, null)?.Invoke(false);
}

internal static class AgentArrivalMiddleware
{
    /// <summary>Place it before authentication.</summary>
    public static IApplicationBuilder UseAgentArrivals(this IApplicationBuilder app)
    {
        var services = app.ApplicationServices;
        var arrivals = services.GetRequiredService<AgentArrivals>();
        var attaches = services.GetRequiredService<AttachRecorder>();
        return app.Use(
            async (context, next) =>
            {
                if (!AgentStreamService.Serves(context))
                {
                    await next(context);
                    return;
                }

                var entered = arrivals.Enter();
                if (entered.Error is { } error)
                {
                    attaches.Refused(context, AccessSubjects.Anonymous, error);
                    GrpcErrors.Write(context.Response, error);
                    return;
                }

                using var arrival = entered.Value;
                context.Features.Set(arrival);
                await next(context);
            }
        );
    }
}
