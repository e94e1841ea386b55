using System.Reflection;

namespace Coder.Mesh.ControlPlane.Observability;

/// <summary>The version that this was built as.</summary>
internal static class BuildVersion
{
    public static string Text { get; } =
        typeof(BuildVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";
}
