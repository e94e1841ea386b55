namespace Coder.Mesh.ControlPlane.AccessLog;

/// <summary>What was tried.</summary>
internal enum AccessAction
{
    /// <summary>An agent opened its stream.</summary>
    Attach,

    /// <summary>Somebody called.</summary>
    Call,
}

/// <summary>What one row counts.</summary>
/// <param name="Subject">Who: one of <see cref="AccessSubjects"/>; never a token, nor anything that a caller only claims.</param>
/// <param name="Reason">How it ended: <see cref="AccessReasons.Attached"/>, or a reason of an error.</param>
internal readonly record struct AccessKey(string Subject, AccessAction Action, string Reason, DateTimeOffset Minute);

/// <summary>What is known of all that one row counts.</summary>
/// <param name="Message">Of the last.</param>
/// <param name="Peer">The address that the last came from; a proxy's, if there is one.</param>
internal sealed record AccessCount(
    long Count,
    DateTimeOffset FirstAt,
    DateTimeOffset LastAt,
    string Message,
    string Peer
)
{
    public AccessCount Plus(AccessCount other) =>
        (LastAt >= other.LastAt ? this : other) with
        {
            Count = Count + other.Count,
            FirstAt = FirstAt < other.FirstAt ? FirstAt : other.FirstAt,
        };
}

internal static class AccessSubjects
{
    /// <summary>Everybody whose token isn't known.</summary>
    public const string Anonymous = "anonymous";

    /// <summary>All for whom there was no room.</summary>
    public const string Other = "other";

    public static string Provider(string id) => $"provider:{id}";

    public static string User(string name) => $"user:{name}";
}

internal static class AccessReasons
{
    public const string Attached = "ATTACHED";
}
