using System.CommandLine;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Contexts;

/// <summary>`mesh contexts set`.</summary>
internal static class SetContext
{
    public static Command Make(CliHost host)
    {
        var name = new Argument<string>("name")
        {
            Description = "Name of the context [default: the one that commands use]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var organization = new Option<string>("--org")
        {
            Description = "Organization that commands mean where none is named; an empty one takes it away",
            HelpName = "org",
            Required = true,
        };
        return host.Runs(
            new MeshCommand(
                "set",
                "Set the default organization of a context.",
                "mesh contexts set --org acme",
                "mesh contexts set staging --org ''"
            )
            {
                name,
                organization,
            },
            (line, ct) =>
                Run(
                    host,
                    line.GetValue(name) ?? line.GetValue(GlobalOptions.Context),
                    line.GetRequiredValue(organization),
                    ct
                )
        );
    }

    private static async Task<int> Run(CliHost host, string? name, string organization, CancellationToken ct)
    {
        var choice =
            ContextChoice.Of(name, host.Env, host.Contexts.Read())
            ?? throw new CliException(
                new Failure("no context is chosen", ExitCodes.Usage)
                {
                    Tips = ["mesh contexts ls", "mesh contexts set NAME --org ORGANIZATION"],
                }
            );
        var already = false;
        await host.Contexts.Change(
            config =>
            {
                var before = config.Get(choice.Name, "the command line");
                already = (before.Organization ?? "") == organization;
                return config.With(
                    choice.Name,
                    before with
                    {
                        Organization = organization.Length > 0 ? organization : null,
                    }
                );
            },
            ct
        );
        host.Output.Change(
            already,
            organization.Length > 0
                ? $"the default organization of {choice} is \"{organization}\" already"
                : $"{choice} has no default organization",
            organization.Length > 0
                ? $"the default organization of {choice} is \"{organization}\""
                : $"{choice} has no default organization"
        );
        return ExitCodes.Ok;
    }
}
