using System.Reflection;

namespace Coder.Mesh.Shared;

/// <summary>The version of the program that contains this type.</summary>
internal static class BuildVersion
{
    /// <summary>
    /// The whole version, such as <c>0.1.0-dev+3f2c…</c>; the commit follows the plus sign, if it is known.
    /// </summary>
    public static string Text { get; } =
        typeof(BuildVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    public static string Version { get; } = Text.Split('+')[0];

    /// <summary>The commit; empty if it is not known.</summary>
    public static string Commit { get; } =
        Text.Contains('+', StringComparison.Ordinal) ? Text[(Version.Length + 1)..] : "";
}
