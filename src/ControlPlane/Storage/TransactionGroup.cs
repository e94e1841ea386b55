namespace Coder.Mesh.ControlPlane.Storage;

/// <param name="Context">Author and request id.</param>
internal sealed record Write(WriteContext Context, UnitOfWork Unit);

/// <summary>
/// Units of work with the same shared locks. Those that arrive while the group is busy share transactions, because
/// commits and reads are most of the cost of a small write. A unit that fails does not affect the others.
/// </summary>
/// <param name="transact">Runs units in one transaction; returns their outcomes in order.</param>
internal sealed class TransactionGroup(
    Func<IReadOnlyList<Write>, CancellationToken, Task<IReadOnlyList<Outcome>>> transact,
    TimeProvider time
)
{
    // Waiting is bounded by the number of calls that are admitted, and by their deadlines.
    private static readonly BatchLimits Limits = BatchLimits.Patient(size: 32, workers: 2);

    private readonly Batcher<Write, Outcome> _batches = new(
        Limits,
        transact,
        _ => StoreFailure.Unavailable,
        null,
        time
    );

    /// <param name="ct">Ends waiting. A transaction that runs is not cancelled.</param>
    public async Task<Outcome> Run(Write write, CancellationToken ct) => (await _batches.Run(write, ct)).Value;
}
