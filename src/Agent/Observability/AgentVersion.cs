using System.Reflection;

namespace Coder.Mesh.Agent.Observability;

internal static class AgentVersion
{
    /// <summary>The version of this build, such as <c>0.1.0-dev+3f2c…</c>.</summary>
    public static string Text { get; } =
        typeof(AgentVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";
}
