using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Providers;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces rm --abandon`: ends workspaces that their agents cannot remove as lost.</summary>
internal sealed class AbandonWorkspaces(Option<bool> yes)
{
    private readonly Option<bool> _abandon = new("--abandon")
    {
        Description = "End workspaces as lost whose provider is in error, or whose deletion is stuck",
    };
    private readonly Option<string> _reason = new("--reason")
    {
        Description = "Reason for --abandon, recorded in their history",
        HelpName = "text",
    };

    /// <summary>Adds the options and their validation.</summary>
    public void AddTo(MeshCommand command, Option<bool> wait)
    {
        command.Add(_abandon);
        command.Add(_reason);
        command.Validators.Add(result =>
        {
            var reason = result.IsGiven(_reason);
            if (!result.GetValue(_abandon))
            {
                if (reason)
                    result.AddError("--reason requires --abandon.");
                return;
            }

            if (!reason)
                result.AddError("--abandon requires --reason.");
            if (result.GetValue(wait))
                result.AddError("--wait cannot be combined with --abandon: abandoned workspaces end at once.");
        });
    }

    public bool Wanted(ParseResult line) => line.GetValue(_abandon);

    public async Task<int> Run(Invocation run, string[] names, Scope scope, CancellationToken ct)
    {
        if (
            !run.Line.GetValue(yes)
            && await Batch.Refused(run, names, name => Refusal(run, name, scope, ct), "workspaces") is { } exitCode
        )
            return exitCode;
        var loss = new Loss(
            $"{Batch.Named("workspace", names)} will be abandoned; this cannot be undone",
            "objects and disks that are left in the cluster will not be tracked anymore"
        );
        await Confirmation.Yes(run, run.Line.GetValue(yes), loss, "Abandon?", ct);

        var reason = run.Line.GetRequiredValue(_reason);
        var abandoned = new List<Workspace>();
        var batch = new Batch(run);
        await batch.Each(
            names,
            async name =>
            {
                var request = new AbandonWorkspaceRequest
                {
                    Workspace = name,
                    Organization = scope.Organization,
                    Owner = scope.Owner,
                    Reason = reason,
                };
                var answer = await run.Client.Workspaces.AbandonWorkspaceAsync(request, cancellationToken: ct);
                abandoned.Add(answer.Workspace);
                run.Output.Success(
                    $"workspace/{answer.Workspace.Name} abandoned: it is {WorkspaceText.Word(answer.Workspace)}",
                    $"if the agent of provider \"{answer.Workspace.Provider}\" returns, it removes what is left in its cluster"
                );
            }
        );
        batch.Summarize();
        if (run.WantsData)
            run.Data(new JsonObject { ["workspaces"] = Json.Of(abandoned), ["failed"] = batch.FailedAsJson() });
        return batch.ExitCode;
    }

    private static async Task<Failure?> Refusal(Invocation run, string name, Scope scope, CancellationToken ct)
    {
        var workspace = await run.GetWorkspace(name, scope, ct);
        if (workspace.State is WorkspaceState.Deleted or WorkspaceState.Lost)
            return new Failure(
                $"workspace \"{workspace.Name}\" has already ended: it is {WorkspaceText.Word(workspace)}",
                ExitCodes.Refused
            )
            {
                Reason = ErrorReasons.WorkspaceDeleting,
            };
        // Only the control plane knows whether its deletion is stuck.
        if (workspace.DesiredState == WorkspaceDesiredState.Deleted || workspace.State == WorkspaceState.Deleting)
            return null;
        var provider = await run.GetProvider(workspace.ProviderId, ct);
        return provider.Status == ProviderStatus.Error
            ? null
            : new Failure(
                $"workspace \"{workspace.Name}\" can still be removed by its agent: provider \"{provider.Name}\" is {ProviderText.Status(provider)}",
                ExitCodes.Refused
            )
            {
                Reason = ErrorReasons.WorkspaceNotStuck,
                Tips = [$"mesh workspaces rm {workspace.Name}"],
            };
    }
}
