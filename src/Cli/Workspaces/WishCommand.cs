using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces start`, `stop` and `rm`: the same wish for each name, and on demand its end awaited.</summary>
internal sealed class WishCommand
{
    private readonly Wish _wish;
    private readonly Argument<string[]> _names = Arguments.Several("Names of your workspaces, or any ids");
    private readonly Option<string> _organization = WorkspaceOptions.Organization("Narrows names to one organization");
    private readonly Option<bool> _wait;
    private readonly Option<TimeSpan> _timeout = WorkspaceOptions.Timeout();

    private WishCommand(Wish wish)
    {
        _wish = wish;
        _wait = WorkspaceOptions.Wait(Text.Word(wish.Desired));
    }

    public static Command Start(CliHost host) => Make(host, Wish.Start);

    public static Command Stop(CliHost host) => Make(host, Wish.Stop);

    public static Command Remove(CliHost host)
    {
        var command = Make(host, Wish.Remove);
        command.Aliases.Add("delete");
        return command;
    }

    private static MeshCommand Make(CliHost host, Wish wish)
    {
        var parts = new WishCommand(wish);
        var command = new MeshCommand(
            wish.Verb,
            wish.Description,
            $"mesh workspaces {wish.Verb} dev",
            $"mesh workspaces {wish.Verb} dev web --wait --timeout 2m"
        )
        {
            parts._names,
            parts._organization,
            parts._wait,
            parts._timeout,
        };
        return host.Calls(command, parts.Run);
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var names = run.Line.GetRequiredValue(_names);
        var organization = run.Line.GetValue(_organization) ?? "";
        var wait = run.Line.GetValue(_wait);
        var accepted = new List<Workspace>();
        var batch = new Batch(run);
        await batch.Each(
            names,
            async name =>
            {
                var workspace = await _wish.Ask(run.Client.Workspaces, name, organization, ct);
                accepted.Add(workspace);
                run.Output.Success(_wish.Accepted(workspace), wait ? [] : _wish.WhatFollows(workspace));
            }
        );
        if (wait && accepted.Count > 0)
            accepted =
            [
                .. await new WorkspaceWait(
                    run,
                    batch,
                    _wish.Desired,
                    run.Line.Duration(_timeout, WorkspaceOptions.DefaultTimeout)
                ).For(accepted, ct),
            ];

        batch.Summarize();
        if (run.Json)
            run.Output.Json(new JsonObject { ["workspaces"] = Json.Of(accepted), ["failed"] = batch.FailedAsJson() });
        return batch.ExitCode;
    }
}
