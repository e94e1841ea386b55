using System.CommandLine;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>`mesh orgs rm`.</summary>
internal static class RemoveOrganizations
{
    public static Command Make(CliHost host)
    {
        var names = Arguments.Several("Names or ids of the organizations");
        var yes = Confirmation.YesOption();
        var command = host.Calls(
            new MeshCommand(
                "rm",
                "Remove organizations that have no workspace that has not ended.",
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

    private static Task<int> Run(Invocation run, string[] names, bool yes, CancellationToken ct) =>
        Batch.Remove(
            run,
            "organization",
            names,
            yes,
            ", including lists of allowed providers",
            async name =>
                await run.Client.Organizations.DeleteOrganizationAsync(
                    new DeleteOrganizationRequest { Organization = name },
                    cancellationToken: ct
                ),
            ct
        );
}
