using System.Globalization;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>Providers in words.</summary>
internal static class ProviderText
{
    /// <summary>The status, with its code where there is a problem: "error (agent_disconnected)".</summary>
    public static string Status(Provider provider)
    {
        if (provider.DeleteTime is not null)
            return "deleted";
        var word = Text.Word(provider.Status);
        return provider.StatusCode.Length > 0 ? $"{word} ({provider.StatusCode})" : word;
    }

    /// <summary>What sets it apart: "default", "cordoned", or both.</summary>
    public static string Note(Provider provider)
    {
        string[] notes =
        [
            .. provider.IsDefault ? ["default"] : Array.Empty<string>(),
            .. provider.Cordon is not null ? ["cordoned"] : Array.Empty<string>(),
        ];
        return Text.OrNone(string.Join(", ", notes));
    }

    /// <summary>How many workspaces it holds, and may hold if there is a maximum: "3", "3 of 200".</summary>
    public static string Load(Provider provider)
    {
        var held = provider.UnfinishedWorkspaces.ToString(CultureInfo.InvariantCulture);
        return provider.Details is { MaxWorkspaces: > 0 and var most }
            ? string.Create(CultureInfo.InvariantCulture, $"{held} of {most}")
            : held;
    }

    /// <summary>"1 workspace", "3 workspaces": those that have not ended.</summary>
    public static string Workspaces(int count) => count == 1 ? "1 workspace" : $"{count} workspaces";

    /// <summary>A namespace with the UID that tells it from another of its name.</summary>
    public static string Namespace(string? name, string? uid) =>
        string.IsNullOrEmpty(uid) ? "no namespace yet" : $"namespace \"{name}\", UID {uid}";

    public static string Agent(ProviderAgent? agent, TimeProvider time) =>
        agent switch
        {
            null => "never attached",
            { Attached: true } => $"attached {Text.Age(agent.SinceTime, time)}",
            _ => $"detached {Text.Age(agent.SinceTime, time)}",
        };
}
