using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Providers;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>`mesh orgs rm`.</summary>
internal static class RemoveOrganizations
{
    public static Command Make(CliHost host)
    {
        var names = Arguments.Several("Names or ids of the organizations");
        var yes = YesOption.Make();
        var command = host.Calls(
            new MeshCommand(
                "rm",
                "Remove organizations that have no unfinished workspaces.",
                "mesh orgs rm acme",
                "mesh orgs rm acme umbrella --yes"
            )
            {
                names,
                yes,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(names), run.Line.GetValue(yes), ct)
        );
        command.Aliases.Add("delete");
        return command;
    }

    private static async Task<Organization> Find(Invocation run, string name, CancellationToken ct)
    {
        var request = new GetOrganizationRequest { Organization = name };
        return (await run.Client.Organizations.GetOrganizationAsync(request, cancellationToken: ct)).Organization;
    }

    private static Failure? Refusal(Organization o) =>
        o.UnfinishedWorkspaces == 0
            ? null
            : new Failure(
                $"organization \"{o.Name}\" has {ProviderText.Workspaces(o.UnfinishedWorkspaces)}: remove them first",
                ExitCodes.Refused
            )
            {
                Reason = ErrorReasons.OrganizationInUse,
                Tips = [$"mesh workspaces ls --org {o.Name}"],
            };

    private static Task<int> Run(Invocation run, string[] names, bool yes, CancellationToken ct) =>
        Batch.Remove(
            run,
            "organization",
            names,
            yes,
            ", including allowlists",
            async name => Refusal(await Find(run, name, ct)),
            async name =>
                await run.Client.Organizations.DeleteOrganizationAsync(
                    new DeleteOrganizationRequest { Organization = name },
                    cancellationToken: ct
                ),
            ct
        );
}
