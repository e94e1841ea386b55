using System.Reflection;

namespace Coder.Mesh.ControlPlane.Observability;

/// <summary>The version of this build.</summary>
internal static class BuildVersion
{
    /// <summary>The full version. The build appends the commit after a plus sign, if it is known.</summary>
    public static string Text { get; } =
        typeof(BuildVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    public static string Version { get; } = Text.Split('+')[0];

    /// <summary>Empty if the commit was not known to the build.</summary>
    public static string Commit { get; } =
        Text.Contains('+', StringComparison.Ordinal) ? Text[(Version.Length + 1)..] : "";
}
