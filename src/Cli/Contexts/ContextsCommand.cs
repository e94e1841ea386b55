using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Contexts;

/// <summary>`mesh contexts`.</summary>
internal static class ContextsCommand
{
    public static Command Make(CliHost host) =>
        new MeshCommand(
            "contexts",
            "Manage contexts: control planes that you have logged in to, by name.",
            "mesh contexts ls",
            "mesh contexts use prod"
        )
        {
            Aliases = { "context" },
            Subcommands = { MakeList(host), MakeUse(host), SetContext.Make(host), MakeRemove(host) },
        };

    private static MeshCommand MakeList(CliHost host)
    {
        var command = host.Runs(
            new MeshCommand(
                "ls",
                "List contexts. Tokens are not shown.",
                "mesh contexts ls",
                "mesh contexts ls -o json | jq -r '.[] | select(.current) | .address'"
            )
            {
                ListOptions.NoHeaders,
            }.AsList(OutputFormat.Name),
            (line, _) => Task.FromResult(List(host, line))
        );
        command.Aliases.Add("list");
        return command;
    }

    private static MeshCommand MakeUse(CliHost host)
    {
        var name = Arguments.One("Name of the context");
        return host.Runs(
            new MeshCommand("use", "Set the current context.", "mesh contexts use prod") { name },
            (line, ct) => Use(host, line.GetRequiredValue(name), ct)
        );
    }

    private static MeshCommand MakeRemove(CliHost host)
    {
        var names = Arguments.Several("Names of the contexts");
        var yes = YesOption.Make();
        var command = host.Runs(
            new MeshCommand(
                "rm",
                "Remove contexts and their stored tokens. The tokens stay valid.",
                "mesh contexts rm staging",
                "mesh contexts rm staging test --yes"
            )
            {
                names,
                yes,
            },
            (line, ct) => Remove(host, [.. line.GetRequiredValue(names).Distinct()], line.GetValue(yes), ct)
        );
        command.Aliases.Add("delete");
        return command;
    }

    private static int List(CliHost host, ParseResult line)
    {
        var format = line.Format();
        var config = host.Contexts.Read();
        if (format != OutputFormat.Table)
            host.Output.Data(new JsonArray([.. config.Contexts.Select(c => AsJson(config, c.Key, c.Value))]), format);
        else if (config.Contexts.Count == 0)
            host.Output.Info("no contexts found", "tip: mesh login https://mesh.example.com");
        else
            host.Output.Table(Tabulate(config, !line.GetValue(ListOptions.NoHeaders)));
        return ExitCodes.Ok;
    }

    private static JsonObject AsJson(Config config, string name, SavedContext context) =>
        new()
        {
            ["name"] = Text.WithoutControls(name),
            ["address"] = Address.Origin(context.Address),
            ["current"] = name == config.Current,
            ["organization"] = Text.WithoutControls(context.Organization ?? ""),
            ["loggedIn"] = context.Token is not null,
        };

    private static Table Tabulate(Config config, bool headers)
    {
        var table = new Table("NAME", "CURRENT", "ADDRESS", "ORGANIZATION", "TOKEN") { Headers = headers };
        foreach (var (name, context) in config.Contexts)
            table.Add(
                name,
                name == config.Current ? "current" : Text.None,
                Address.Origin(context.Address),
                Text.OrNone(context.Organization),
                context.Token is null ? "logged out" : "stored"
            );
        return table;
    }

    private static async Task<int> Use(CliHost host, string name, CancellationToken ct)
    {
        var already = false;
        await host.Contexts.Change(
            config =>
            {
                _ = config.Get(name, "the command line");
                already = config.Current == name;
                return config with { Current = name };
            },
            ct
        );
        host.Output.Change(
            already,
            $"context/{name} unchanged: already the current context",
            $"context/{name} set as current"
        );
        return ExitCodes.Ok;
    }

    // All or none: unknown names are reported before anything is removed.
    private static async Task<int> Remove(CliHost host, string[] names, bool yes, CancellationToken ct)
    {
        _ = Without(host.Contexts.Read(), names);
        var loss = $"{Batch.Named("context", names)} will be removed; a token that is stored nowhere else is lost";
        await Confirmation.Removal(host.Output, host.Prompt, yes, loss, ct);
        await host.Contexts.Change(config => Without(config, names), ct);
        foreach (var name in names)
            host.Output.Success($"context/{name} removed");
        return ExitCodes.Ok;
    }

    private static Config Without(Config config, string[] names)
    {
        var unknown = names.Where(name => !config.Contexts.ContainsKey(name)).ToArray();
        if (unknown.Length > 0)
            throw new CliException(
                new Failure($"unknown {Batch.Named("context", unknown)}", ExitCodes.Usage)
                {
                    Details =
                    [
                        config.Contexts.Count > 0
                            ? $"contexts: {string.Join(", ", config.Contexts.Keys)}"
                            : "there are no contexts yet",
                    ],
                    Tips = ["nothing was removed; leave out the unknown ones"],
                }
            );
        return names.Aggregate(config, (left, name) => left.With(name, context: null));
    }
}
