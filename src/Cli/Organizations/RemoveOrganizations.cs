using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>`mesh orgs rm`.</summary>
internal static class RemoveOrganizations
{
    public static Command Make(CliHost host)
    {
        var names = Arguments.Several("Names or ids of the organizations");
        var command = host.Calls(
            new MeshCommand(
                "rm",
                "Remove organizations that have no workspace that has not ended.",
                "mesh orgs rm acme",
                "mesh orgs rm acme umbrella"
            )
            {
                names,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(names), ct)
        );
        command.Aliases.Add("delete");
        return command;
    }

    private static async Task<int> Run(Invocation run, string[] names, CancellationToken ct)
    {
        var removed = new JsonArray();
        var batch = new Batch(run);
        await batch.Each(
            names,
            async name =>
            {
                var request = new DeleteOrganizationRequest { Organization = name };
                await run.Client.Organizations.DeleteOrganizationAsync(request, cancellationToken: ct);
                removed.Add(name);
                run.Output.Success($"removed organization \"{name}\"");
            }
        );
        batch.Summarize();
        if (run.Json)
            run.Output.Json(new JsonObject { ["removed"] = removed, ["failed"] = batch.FailedAsJson() });
        return batch.ExitCode;
    }
}
