using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Orphans;

/// <summary>`mesh providers orphans rm`.</summary>
internal static class RemoveOrphans
{
    public static Command Make(CliHost host)
    {
        var provider = OrphansCommand.Provider();
        var ids = new Argument<string[]>("workspace-id")
        {
            Description = "Ids of the orphans, as listed by `mesh providers orphans ls PROVIDER`",
            Arity = ArgumentArity.OneOrMore,
        };
        var yes = YesOption.Make();
        var command = host.Calls(
            new MeshCommand(
                "rm",
                "Delete orphans from their cluster, disks included.",
                "mesh providers orphans rm us-east-1 0198c1e0000070008000000000000001",
                "mesh providers orphans rm us-east-1 0198c1e0000070008000000000000001 --yes"
            )
            {
                provider,
                ids,
                yes,
            },
            (run, ct) =>
                Run(
                    run,
                    run.Line.GetRequiredValue(provider),
                    run.Line.GetRequiredValue(ids),
                    run.Line.GetValue(yes),
                    ct
                )
        );
        command.Aliases.Add("delete");
        return command;
    }

    private static async Task<int> Run(Invocation run, string provider, string[] ids, bool yes, CancellationToken ct)
    {
        if (!yes && run.Prompt.Possible && await Refused(run, provider, ids, ct) is { } exitCode)
            return exitCode;
        var loss = new Loss(
            $"{Batch.Named("orphan", ids)} of provider \"{provider}\" will be deleted, disks included",
            "this cannot be undone"
        );
        await Confirmation.Yes(run, yes, loss, "Delete?", ct);

        var removing = new List<Workspace>();
        var batch = new Batch(run);
        await batch.Each(
            ids,
            async id =>
            {
                var request = new RemoveOrphanRequest { Provider = provider, WorkspaceId = id };
                var answer = await run.Client.Providers.RemoveOrphanAsync(request, cancellationToken: ct);
                removing.Add(answer.Workspace);
                run.Output.Success(
                    $"orphan/{id} deleting: until the agent of provider {provider} has removed it",
                    $"to wait for that: mesh workspaces rm {id} --yes --wait"
                );
            }
        );
        batch.Summarize();
        if (run.WantsData)
            run.Data(new JsonObject { ["workspaces"] = Json.Of(removing), ["failed"] = batch.FailedAsJson() });
        return batch.ExitCode;
    }

    private static async Task<int?> Refused(Invocation run, string provider, string[] ids, CancellationToken ct)
    {
        var (orphans, unlisted) = await ListOrphans.Read(run, provider, ct);
        // Orphans that are not listed may be among the ids.
        return await Batch.Refused(
            run,
            ids,
            id => Task.FromResult(unlisted > 0 || orphans.Any(o => o.WorkspaceId == id) ? null : Missing(provider, id)),
            "workspaces"
        );
    }

    private static Failure Missing(string provider, string id) =>
        new($"provider \"{provider}\" has no orphan \"{id}\"", ExitCodes.NotFound)
        {
            Reason = ErrorReasons.OrphanNotFound,
            Tips = [$"`mesh providers orphans ls {provider}` lists orphans"],
        };
}
