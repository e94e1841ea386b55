namespace Coder.Mesh.ControlPlane.AccessLog;

/// <summary>The recorded kinds of access.</summary>
internal enum AccessAction
{
    /// <summary>An agent opened its stream.</summary>
    Attach,

    /// <summary>A caller called the API.</summary>
    Call,
}

/// <summary>Key of a row: what it counts.</summary>
/// <param name="Subject">
/// One of <see cref="AccessSubjects"/>. Never a token, nor anything that a caller only claims.
/// </param>
/// <param name="Reason">How it ended: <see cref="AccessReasons.Attached"/>, or a reason of an error.</param>
internal readonly record struct AccessKey(string Subject, AccessAction Action, string Reason, DateTimeOffset Minute);

/// <summary>The values of a row.</summary>
/// <param name="Message">Of the last access.</param>
/// <param name="Peer">Address of the last access, which is a proxy's if there is one.</param>
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
    /// <summary>All callers whose token is not known.</summary>
    public const string Anonymous = "anonymous";

    /// <summary>All callers for whom there was no room.</summary>
    public const string Other = "other";

    public static string Provider(string id) => $"provider:{id}";

    public static string User(string name) => $"user:{name}";
}

internal static class AccessReasons
{
    public const string Attached = "ATTACHED";
}
