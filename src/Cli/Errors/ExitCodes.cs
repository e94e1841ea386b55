namespace Coder.Mesh.Cli.Errors;

/// <summary>How `mesh` ends: one code for each kind of failure, on which scripts rely.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Unexpected = 1;
    public const int Usage = 2;
    public const int NotPermitted = 3;
    public const int NotFound = 4;
    public const int Refused = 5;
    public const int InvalidArgument = 6;
    public const int Unreachable = 7;
    public const int WaitFailed = 8;
    public const int Interrupted = 130;
    public const int OutputClosed = 141;
    public const int Terminated = 143;

    /// <summary>Each with what it means, and what else there is to know of it.</summary>
    public static IReadOnlyList<(int Code, string Meaning, string More)> All { get; } =
    [
        (Ok, "done", ""),
        (Unexpected, "unexpected error", "`MESH_DEBUG=1` shows a stack trace of one inside `mesh`"),
        (Usage, "bad command line, setting or context, or not confirmed", "nothing was changed"),
        (NotPermitted, "not authenticated, or not permitted", "or no token was found"),
        (NotFound, "not found", ""),
        (Refused, "refused by a rule, or it exists already", ""),
        (InvalidArgument, "a value that the control plane does not accept", ""),
        (
            Unreachable,
            "control plane unreachable, or no answer in time",
            "what was asked for may have been done all the same"
        ),
        (WaitFailed, "--wait: it failed, came out otherwise, or took too long", "what was asked for stays asked for"),
        (Interrupted, "Ctrl-C", ""),
        (
            OutputClosed,
            "whoever read the output went away",
            "as `head` does once it has enough; what was asked for is done all the same"
        ),
        (Terminated, "SIGTERM", ""),
    ];

    public static string Help => string.Join('\n', ["Exit codes:", .. All.Select(c => $"  {c.Code, -4} {c.Meaning}")]);
}
