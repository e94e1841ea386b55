using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Connection;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Options of several workspace commands. Each command has its own instance.</summary>
internal static class WorkspaceOptions
{
    /// <summary>Creates the option --org, whose default comes from the environment or the context.</summary>
    public static Option<string> Organization(string description) =>
        new(DefaultOrganization.OptionName)
        {
            Description = $"{description} [env: {DefaultOrganization.Variable}; default: that of the context, if any]",
            HelpName = "org",
        };

    public static Option<string[]> Command() =>
        new("--command")
        {
            Description = "Command of the container: all words up to the next option [default: a shell that sleeps]",
            HelpName = "word",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };

    public static Option<bool> Wait(string until) =>
        new("--wait", "-w") { Description = $"Wait until it is {until}, showing progress on stderr" };

    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(5);

    public static Option<TimeSpan> Timeout() =>
        new("--timeout")
        {
            Description = "Maximum duration of --wait, such as 90s or 5m [default: 5m]",
            HelpName = "time",
            CustomParser = DurationOption.Parse,
        };
}
