using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>Providers in words.</summary>
internal static class ProviderText
{
    /// <summary>The status, with its code where there is a problem: "error (agent_disconnected)".</summary>
    public static string Status(Provider provider)
    {
        var word = Text.Word(provider.Status);
        return provider.StatusCode.Length > 0 ? $"{word} ({provider.StatusCode})" : word;
    }

    public static string Agent(ProviderAgent? agent, TimeProvider time) =>
        agent switch
        {
            null => "never attached",
            { Attached: true } => $"attached {Text.Age(agent.SinceTime, time)}",
            _ => $"detached {Text.Age(agent.SinceTime, time)}",
        };
}
