using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces start`, `stop`, `restart` and `rm`: changes the desired state of workspaces.</summary>
internal sealed class DesiredStateCommand
{
    private readonly DesiredStateChange _change;
    private readonly Argument<string[]> _names = Arguments.Several(
        "Names of your workspaces (of another user's with --owner), or any ids"
    );
    private readonly ScopeOptions _scope = new();
    private readonly Option<bool> _wait;
    private readonly Option<TimeSpan> _timeout = WorkspaceOptions.Timeout();
    private Option<bool>? _yes;
    private AbandonWorkspaces? _abandon;

    private DesiredStateCommand(DesiredStateChange change)
    {
        _change = change;
        _wait = WorkspaceOptions.Wait(Text.Word(change.Desired));
    }

    public static Command Start(CliHost host) => new DesiredStateCommand(DesiredStateChange.Start).Make(host);

    public static Command Stop(CliHost host) => new DesiredStateCommand(DesiredStateChange.Stop).Make(host);

    public static Command Restart(CliHost host) => new DesiredStateCommand(DesiredStateChange.Restart).Make(host);

    public static Command Remove(CliHost host)
    {
        var yes = YesOption.Make();
        var parts = new DesiredStateCommand(DesiredStateChange.Remove)
        {
            _yes = yes,
            _abandon = new AbandonWorkspaces(yes),
        };
        var command = parts.Make(
            host,
            "mesh workspaces rm dev --yes",
            "mesh workspaces rm dev --abandon --reason 'the cluster is gone'"
        );
        command.Aliases.Add("delete");
        return command;
    }

    private MeshCommand Make(CliHost host, params string[] moreExamples)
    {
        var command = new MeshCommand(
            _change.Verb,
            _change.Description,
            [
                $"mesh workspaces {_change.Verb} dev",
                $"mesh workspaces {_change.Verb} dev web --wait --timeout 2m",
                .. moreExamples,
            ]
        )
        {
            _names,
        };
        foreach (var option in _scope.All)
            command.Add(option);
        command.Add(_wait);
        command.Add(_timeout);
        if (_yes is not null)
            command.Add(_yes);
        _abandon?.AddTo(command, _wait);
        return host.Calls(command, Run);
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var names = run.Line.GetRequiredValue(_names);
        var scope = _scope.Of(run);
        if (_abandon is not null && _abandon.Wanted(run.Line))
            return await _abandon.Run(run, names, scope, ct);
        if (
            _yes is not null
            && !run.Line.GetValue(_yes)
            && await Batch.Refused(run, names, name => Missing(run, name, scope, ct), "workspaces") is { } exitCode
        )
            return exitCode;
        if (_yes is not null)
            await Confirmation.Removal(run.Output, run.Prompt, run.Line.GetValue(_yes), Loss(names), ct);
        var batch = new Batch(run);
        var accepted = await Send(run, batch, names, scope, ct);
        batch.Summarize();
        if (run.WantsData)
            run.Data(new JsonObject { ["workspaces"] = Json.Of(accepted), ["failed"] = batch.FailedAsJson() });
        return batch.ExitCode;
    }

    /// <returns>The workspaces whose change was accepted, as last read.</returns>
    private async Task<IReadOnlyList<Workspace>> Send(
        Invocation run,
        Batch batch,
        string[] names,
        Scope scope,
        CancellationToken ct
    )
    {
        var wait = run.Line.GetValue(_wait);
        var accepted = new List<Workspace>();
        await batch.Each(
            names,
            async name =>
            {
                var workspace = await _change.Send(run.Client.Workspaces, name, scope, ct);
                accepted.Add(workspace);
                var already = _change.Already(workspace);
                run.Output.Change(
                    already is not null,
                    already ?? "",
                    _change.Accepted(workspace),
                    wait || already is not null ? [] : _change.WhatFollows(workspace)
                );
            }
        );
        if (!wait || accepted.Count == 0)
            return accepted;
        var timeout = run.Line.Duration(_timeout, WorkspaceOptions.DefaultTimeout);
        return await new WorkspaceWait(run, batch, _change.Desired, timeout).For(accepted, ct);
    }

    // A missing workspace is reported by the failed call.
    private static async Task<Failure?> Missing(Invocation run, string name, Scope scope, CancellationToken ct)
    {
        await run.GetWorkspace(name, scope, ct);
        return null;
    }

    private static string Loss(string[] names) =>
        $"{Batch.Named("workspace", names)} will be removed, home {(names.Distinct().Count() == 1 ? "disk" : "disks")} included";
}
