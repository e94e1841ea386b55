namespace Coder.Mesh.Load;

/// <summary>What the process's exit code says; docs/load.md lists them.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The run is complete, but agents were missing or ended early: the figures aren't those of N agents.</summary>
    public const int Incomplete = 1;

    public const int Refused = 2;
    public const int Interrupted = 130;
}
