namespace Coder.Mesh.ControlPlane.Api.CallLimits;

/// <summary>What a call has been granted; kept with its request.</summary>
/// <param name="place">Held until the call ends: of a watch, one of those that there may be.</param>
/// <param name="turn">Held while it works.</param>
internal sealed class CallPermit(IDisposable? place, IDisposable turn) : IDisposable
{
    private IDisposable? _turn = turn;

    /// <summary>A watch has begun: from here on the store isn't asked for it.</summary>
    public static void Begun(HttpContext context) => context.Features.Get<CallPermit>()?.EndTurn();

    public void Dispose()
    {
        EndTurn();
        place?.Dispose();
    }

    private void EndTurn() => Interlocked.Exchange(ref _turn, null)?.Dispose();
}
