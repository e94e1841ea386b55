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

/// <summary>`mesh workspaces rm --abandon`: ends workspaces as lost that their agents can't end.</summary>
internal sealed class AbandonWorkspaces(Option<bool> yes)
{
    private readonly Option<bool> _abandon = new("--abandon")
    {
        Description = "End them as lost, where their provider is in error or their deletion is stuck",
    };
    private readonly Option<string> _reason = new("--reason")
    {
        Description = "With --abandon: why; kept in their history",
        HelpName = "text",
    };

    /// <summary>Adds the options, and what must hold between them.</summary>
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
                    result.AddError("--reason goes with --abandon only.");
                return;
            }

            if (!reason)
                result.AddError("--abandon needs a --reason.");
            if (result.GetValue(wait))
                result.AddError("--wait does not go with --abandon, which ends a workspace at once.");
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
            $"abandoning {string.Join(", ", names)} can't be undone",
            "what the cluster still holds of it, disk included, is no longer waited for"
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
                    $"abandoned workspace \"{answer.Workspace.Name}\": it is {WorkspaceText.Word(answer.Workspace)}",
                    $"if the agent of provider \"{answer.Workspace.Provider}\" comes back, it removes what is left there"
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
                $"workspace \"{workspace.Name}\" has ended already: it is {WorkspaceText.Word(workspace)}",
                ExitCodes.Refused
            )
            {
                Reason = ErrorReasons.WorkspaceDeleting,
            };
        // Only the control plane knows for how long its deletion has been stuck.
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
