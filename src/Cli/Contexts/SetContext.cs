using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Contexts;

/// <summary>`mesh contexts set`.</summary>
internal static class SetContext
{
    public static Command Make(CliHost host)
    {
        var name = new Argument<string>("name")
        {
            Description = "Name of the context [default: the one in use]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var organization = new Option<string>("--org")
        {
            Description = "Organization of commands that name none; '' removes it",
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
            }.Clears(organization),
            (line, ct) =>
                Run(
                    host,
                    line,
                    line.GetValue(name) ?? line.GetValue(ConnectionOptions.Context),
                    line.GetRequiredValue(organization),
                    ct
                )
        );
    }

    private static async Task<int> Run(
        CliHost host,
        ParseResult line,
        string? name,
        string organization,
        CancellationToken ct
    )
    {
        var choice =
            ContextChoice.Of(name, host.Env, host.Contexts.Read())
            ?? throw new CliException(
                new Failure("no context selected", ExitCodes.Usage)
                {
                    Tips = ["mesh contexts ls", "mesh contexts set NAME --org ORGANIZATION"],
                }
            );
        host.Output.Change(
            await Save(host, choice, organization, ct),
            organization.Length > 0
                ? $"context/{choice.Name} unchanged: its default organization is already {organization}"
                : $"context/{choice.Name} unchanged: it has no default organization",
            organization.Length > 0
                ? $"context/{choice.Name} updated: its default organization is {organization}"
                : $"context/{choice.Name} updated: it has no default organization"
        );
        if (organization.Length > 0)
            await WarnIfMissing(host, line, choice, organization, ct);
        return ExitCodes.Ok;
    }

    /// <returns>Whether the context was unchanged.</returns>
    private static async Task<bool> Save(CliHost host, ContextChoice choice, string organization, CancellationToken ct)
    {
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
        return already;
    }

    /// <summary>Warns if the control plane can be reached and does not know the organization.</summary>
    private static async Task WarnIfMissing(
        CliHost host,
        ParseResult line,
        ContextChoice choice,
        string organization,
        CancellationToken ct
    )
    {
        if (choice.Context.Token is not { Length: > 0 } secret)
            return;
        try
        {
            var address = Address.Checked(Address.Origin(choice.Context.Address), choice.ToString(), host.Env);
            var timeout = line.Duration(ConnectionOptions.RequestTimeout, TimeSpan.FromSeconds(2));
            var target = new ControlPlane(address, choice.ToString(), choice.ToString(), timeout);
            using var client = Calling.With(target, secret, host.Time);
            var run = new Invocation(line, client, target, host.Output, host.Prompt, host.Time);
            if (await run.IsMissing(organization, ct))
                host.Output.Warning(
                    $"organization \"{organization}\" not found at {target.Origin}",
                    "it was saved anyway; commands that use it fail until it exists",
                    $"tip: `mesh orgs ls --context {Shell.Quote(choice.Name)}` lists organizations"
                );
        }
        catch (CliException)
        {
            // Commands that call the control plane report problems of address and proxy.
        }
    }
}
