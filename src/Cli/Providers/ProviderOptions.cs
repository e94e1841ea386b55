using System.CommandLine;

namespace Coder.Mesh.Cli.Providers;

/// <summary>Options of several provider commands. Each command has its own instance.</summary>
internal static class ProviderOptions
{
    public static Option<string> TokenOut() =>
        new("--token-out")
        {
            Description = "Write the agent's token to this new file, with mode 0600, instead of printing it",
            HelpName = "file",
        };

    public static Option<string> Reason(string description) =>
        new("--reason")
        {
            Description = description,
            HelpName = "text",
            Required = true,
        };
}
