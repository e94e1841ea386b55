namespace Coder.Mesh.Cli.Errors;

/// <summary>How `mesh` ends; docs/cli.md tells each one, and scripts rely on them.</summary>
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
    public const int Terminated = 143;

    public const string Help = """
        Exit codes:
          0    done
          1    unexpected error
          2    bad command line or setting, or not confirmed
          3    not authenticated, or not permitted
          4    not found
          5    refused by a rule, or it exists already
          6    a value that the control plane does not accept
          7    control plane unreachable, or no answer in time
          8    --wait: it failed, came out otherwise, or took too long
          130  Ctrl-C
        """;
}
