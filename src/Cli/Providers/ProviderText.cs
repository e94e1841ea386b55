using System.Globalization;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>Formats providers for people.</summary>
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

    /// <summary>Formats "default", "cordoned", or both.</summary>
    public static string Note(Provider provider)
    {
        string[] notes =
        [
            .. provider.IsDefault ? ["default"] : Array.Empty<string>(),
            .. provider.Cordon is not null ? ["cordoned"] : Array.Empty<string>(),
        ];
        return Text.OrNone(string.Join(", ", notes));
    }

    /// <summary>
    /// Formats the number of unfinished workspaces, and the maximum if there is one: "3", "3 of 200".
    /// </summary>
    public static string Load(Provider provider)
    {
        var held = provider.UnfinishedWorkspaces.ToString(CultureInfo.InvariantCulture);
        return provider.Details is { MaxWorkspaces: > 0 and var max }
            ? string.Create(CultureInfo.InvariantCulture, $"{held} of {max}")
            : held;
    }

    /// <summary>Formats a number of workspaces: "1 workspace", "3 workspaces".</summary>
    public static string Workspaces(int count) => count == 1 ? "1 workspace" : $"{count} workspaces";

    /// <summary>Formats a namespace with its UID, which distinguishes it from others of the same name.</summary>
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
