using Coder.Mesh.ControlPlane.Base;
using Google.Protobuf;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>What a write does once its locks are held.</summary>
/// <param name="Locks">In any order; they are taken in theirs.</param>
/// <param name="Work">Reads, checks the rules, appends. Nothing is saved before it returns.</param>
internal sealed record UnitOfWork(
    IReadOnlyList<AdvisoryLock> Locks,
    Func<WriteSession, CancellationToken, Task<Outcome>> Work
)
{
    /// <summary>What it means to the caller that another has the value of a unique index; null if it can't happen.</summary>
    public Func<string, Error?> Taken { get; init; } = _ => null;
}

/// <summary>A session and the connection of its transaction: all that is read sees what the locks protect.</summary>
internal sealed record WriteSession(IDocumentSession Documents, NpgsqlConnection Connection);

/// <summary>What came of the work.</summary>
internal abstract record Outcome
{
    /// <param name="Subject">Id of what was written, by which a repetition finds it.</param>
    /// <param name="Response">What a repetition can't read from the store any more. Never a secret: it is stored.</param>
    internal sealed record Done(string Subject, IMessage? Response = null) : Outcome
    {
        /// <summary>Called after the commit.</summary>
        public Action? Committed { get; init; }

        /// <summary>Whether all was as the caller wants it already. Not said where there is a response.</summary>
        public bool Unchanged { get; init; }
    }

    internal sealed record Refused(Error Error) : Outcome;

    /// <summary>What the plan was made from has changed before its locks were held: make another.</summary>
    internal sealed record Conflict : Outcome;

    public static implicit operator Outcome(Error error) => new Refused(error);
}

/// <summary>A write that is committed.</summary>
/// <param name="Response">As the work gave it, in this call or in the first one.</param>
/// <param name="Repeated">An earlier call with the same request id did it.</param>
internal sealed record WriteResult(string Subject, bool Repeated = false, byte[]? Response = null)
{
    /// <summary>Nothing was changed, in this call or in the first one.</summary>
    public bool Unchanged { get; init; }
}
