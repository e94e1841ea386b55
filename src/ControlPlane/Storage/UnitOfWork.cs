using Coder.Mesh.ControlPlane.Base;
using Google.Protobuf;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>A write: its locks, and the work to do under them.</summary>
/// <param name="Locks">In any order; they are taken in theirs.</param>
/// <param name="Work">Reads, applies the rules and appends. Nothing is saved before it returns.</param>
internal sealed record UnitOfWork(
    IReadOnlyList<AdvisoryLock> Locks,
    Func<WriteSession, CancellationToken, Task<Outcome>> Work
)
{
    /// <summary>The group whose units share transactions with this one; null for a transaction of its own.</summary>
    public TransactionGroup? Group { get; init; }

    /// <summary>
    /// Returns the error for the caller when a unique index is violated; null if that is not expected.
    /// </summary>
    public Func<string, Error?> AlreadyExists { get; init; } = _ => null;
}

/// <summary>
/// A session and the connection of its transaction. Whatever is read through it is protected by the locks.
/// </summary>
internal sealed class WriteSession(IDocumentSession documents, NpgsqlConnection connection)
{
    private object? _read;

    public IDocumentSession Documents => documents;

    public NpgsqlConnection Connection => connection;

    /// <summary>Returns what the first unit of work of a group has read, since all of them read the same.</summary>
    public async Task<T> ReadOnce<T>(Func<Task<T>> read)
        where T : class => (T)(_read ??= await read());
}

/// <summary>Result of the work.</summary>
internal abstract record Outcome
{
    /// <param name="Subject">Id of what was written, by which a repetition finds it.</param>
    /// <param name="Response">
    /// The part of the response that a repetition cannot read from the database any more. Never a secret, since it is
    /// stored.
    /// </param>
    internal sealed record Done(string Subject, IMessage? Response = null) : Outcome
    {
        /// <summary>Called after the commit.</summary>
        public Action? Committed { get; init; }

        /// <summary>Whether everything was already as requested. Not set together with a response.</summary>
        public bool Unchanged { get; init; }
    }

    internal sealed record Refused(Error Error) : Outcome;

    /// <summary>
    /// The state that the unit of work was prepared from has changed before its locks were taken; it has to be prepared
    /// again.
    /// </summary>
    internal sealed record Conflict : Outcome;

    public static implicit operator Outcome(Error error) => new Refused(error);
}

/// <summary>A committed write.</summary>
/// <param name="Response">As returned by the work, of this call or of the first one.</param>
/// <param name="Repeated">Whether an earlier call with the same request id did it.</param>
internal sealed record WriteResult(string Subject, bool Repeated = false, byte[]? Response = null)
{
    /// <summary>Whether nothing was changed, by this call or by the first one.</summary>
    public bool Unchanged { get; init; }
}
