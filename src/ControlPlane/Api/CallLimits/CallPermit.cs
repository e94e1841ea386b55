namespace Coder.Mesh.ControlPlane.Api.CallLimits;

/// <summary>The permits of a call, stored with its request.</summary>
/// <param name="place">Held until the call ends: the permit of a watch, or null.</param>
/// <param name="turn">Held while the call uses the database.</param>
internal sealed class CallPermit(IDisposable? place, IDisposable turn) : IDisposable
{
    private IDisposable? _turn = turn;

    /// <summary>Releases the permit to use the database, once a watch has started.</summary>
    public static void Begun(HttpContext context) => context.Features.Get<CallPermit>()?.EndTurn();

    public void Dispose()
    {
        EndTurn();
        place?.Dispose();
    }

    private void EndTurn() => Interlocked.Exchange(ref _turn, null)?.Dispose();
}
