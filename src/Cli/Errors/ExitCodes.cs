namespace Coder.Mesh.Cli.Errors;

/// <summary>Exit codes: one for each kind of failure. Scripts depend on them.</summary>
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

    /// <summary>All codes with their meaning and notes.</summary>
    public static IReadOnlyList<(int Code, string Meaning, string More)> All { get; } =
    [
        (Ok, "done", ""),
        (Unexpected, "unexpected error", "`MESH_DEBUG=1` shows a stack trace of one inside `mesh`"),
        (Usage, "bad command line, setting or context, or not confirmed", "nothing was changed"),
        (NotPermitted, "not authenticated, or not permitted", "or no token was found"),
        (NotFound, "not found", ""),
        (Refused, "refused by a rule, or already exists", ""),
        (InvalidArgument, "a value that the control plane does not accept", ""),
        (Unreachable, "control plane unreachable, or no answer in time", "the request may still have been carried out"),
        (WaitFailed, "--wait: failed, ended in another state, or timed out", "the request stays in effect"),
        (Interrupted, "Ctrl-C", ""),
        (OutputClosed, "the output was closed", "by its reader, such as `head`; requests are still carried out"),
        (Terminated, "SIGTERM", ""),
    ];

    public static string Help => string.Join('\n', ["Exit codes:", .. All.Select(c => $"  {c.Code, -4} {c.Meaning}")]);
}
