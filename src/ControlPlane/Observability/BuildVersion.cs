using System.Reflection;

namespace Coder.Mesh.ControlPlane.Observability;

/// <summary>The version that this was built as.</summary>
internal static class BuildVersion
{
    /// <summary>All of it; the build appends the commit after a plus sign, where it knows it.</summary>
    public static string Text { get; } =
        typeof(BuildVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    public static string Version { get; } = Text.Split('+')[0];

    /// <summary>Empty where the build didn't know it.</summary>
    public static string Commit { get; } =
        Text.Contains('+', StringComparison.Ordinal) ? Text[(Version.Length + 1)..] : "";
}
