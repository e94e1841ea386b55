using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>`mesh orgs create`.</summary>
internal static class CreateOrganization
{
    public static Command Make(CliHost host)
    {
        var name = Arguments.One("Name of the new organization: lower-case letters, digits and -");
        return host.Calls(
            new MeshCommand(
                "create",
                "Create an organization. It can use only the built-in provider until others are allowed.",
                "mesh orgs create acme"
            )
            {
                name,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(name), ct)
        );
    }

    private static async Task<int> Run(Invocation run, string name, CancellationToken ct)
    {
        var request = new CreateOrganizationRequest { Name = name };
        var answer = await run.Client.Organizations.CreateOrganizationAsync(request, cancellationToken: ct);
        var organization = answer.Organization;
        run.Output.Success(
            $"organization/{organization.Name} created",
            $"providers: {OrganizationText.Providers(organization)}",
            $"tip: mesh orgs allow {organization.Name} PROVIDER"
        );
        if (run.WantsData)
        {
            run.Data(Json.Of(organization));
            return ExitCodes.Ok;
        }

        var table = new Table("ID", "NAME", "PROVIDERS");
        table.Add(organization.Id, organization.Name, OrganizationText.Providers(organization));
        run.Output.Table(table);
        return ExitCodes.Ok;
    }
}
