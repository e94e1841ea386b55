using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>`mesh orgs show`.</summary>
internal static class ShowOrganization
{
    public static Command Make(CliHost host)
    {
        var name = Arguments.One("Name or id of the organization");
        return host.Calls(
            new MeshCommand(
                "show",
                "Show one organization and the providers that it can use.",
                "mesh orgs show acme",
                "mesh orgs show acme -o json | jq -r '.providers[]'"
            )
            {
                name,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(name), ct)
        );
    }

    private static async Task<int> Run(Invocation run, string name, CancellationToken ct)
    {
        var request = new GetOrganizationRequest { Organization = name };
        var answer = await run.Client.Organizations.GetOrganizationAsync(request, cancellationToken: ct);
        var organization = answer.Organization;
        if (run.WantsData)
            run.Data(Json.Of(organization));
        else
            run.Output.Fields(
                new Fields()
                    .Add("Name", organization.Name)
                    .Add("Id", organization.Id)
                    .Add("Providers", OrganizationText.Providers(organization))
                    .Add("Workspaces", organization.UnfinishedWorkspaces.ToString(CultureInfo.InvariantCulture))
                    .Add("Created", Text.Moment(organization.CreateTime, run.Time))
            );
        return ExitCodes.Ok;
    }
}
