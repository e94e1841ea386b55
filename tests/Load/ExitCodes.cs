namespace Coder.Mesh.Load;

/// <summary>What the process's exit code says; docs/load.md lists them.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>
    /// Agents were missing or ended early, or calls failed: the figures aren't those that were asked for. Or they are,
    /// and a budget isn't kept. The output says which.
    /// </summary>
    public const int Incomplete = 1;

    public const int Refused = 2;
    public const int Interrupted = 130;
}
