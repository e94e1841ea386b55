using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol.Client;
using Google.Protobuf;

namespace Coder.Mesh.Cli.Watching;

/// <summary>`ls --watch`: shows the resources and then each change, until Ctrl-C.</summary>
internal sealed class Watch<T>(Invocation run, WatchView<T> view)
    where T : IMessage
{
    private const string Changed = "CHANGED";
    private const string Removed = "REMOVED";

    private readonly Dictionary<string, ResourceChanged<T>> _listed = [];
    private bool _synced;
    private bool _interrupted;

    public async Task<int> Run(IAsyncEnumerable<WatchEvent<T>> events, CancellationToken ct)
    {
        CheckFormat();
        if (!run.WantsData && run.Output.Shown.Interactive)
            await LiveTable<T>.Show(run, view, live => Follow(events, live.Report, live.Note, ct), ct);
        else
            await Follow(events, run.WantsData ? Data : Row(), Warn, ct);
        // It ends only by an interrupt or an exception.
        return ExitCodes.Interrupted;
    }

    // These formats cannot show the type of a change.
    private void CheckFormat()
    {
        if (run.Format is OutputFormat.Name or OutputFormat.Id)
            throw new CliException(
                new Failure($"--watch cannot be combined with -o {Text.Word(run.Format)}", ExitCodes.Usage)
                {
                    Tips = ["use -o json, which shows the type of each change"],
                }
            );
    }

    private async Task Follow(
        IAsyncEnumerable<WatchEvent<T>> events,
        Action<WatchEvent<T>> report,
        Action<string> note,
        CancellationToken ct
    )
    {
        await foreach (var happened in events.WithCancellation(ct))
        {
            // A failure at the start ends the command; later ones are retried.
            if (happened is WatchInterrupted<T> interrupted && !_synced)
                throw interrupted.Cause;
            if (happened is WatchInterrupted<T> { Cause: var cause } && !_interrupted)
                note($"watch interrupted, retrying: {Interruption.Message(run, cause)}");
            _interrupted = happened is WatchInterrupted<T>;
            // Existing resources are sorted once all of them have been read.
            if (!_synced && happened is ResourceChanged<T> listed)
            {
                _listed[view.Id(listed.Resource)] = listed;
                continue;
            }
            if (!_synced && happened is WatchSynced<T>)
                foreach (var resource in view.Order(_listed.Values.Select(l => l.Resource)).ToList())
                    report(_listed[view.Id(resource)]);
            _synced |= happened is WatchSynced<T>;
            report(happened);
        }
    }

    private void Warn(string message) => run.Output.Warning(message);

    private void Resumed(WatchEvent<T> happened)
    {
        if (happened is WatchResumed<T>)
            run.Output.Info("watch resumed");
    }

    private void Data(WatchEvent<T> happened)
    {
        Resumed(happened);
        if (Of(happened) is not var (change, resource))
            return;
        var node = new JsonObject { ["change"] = change, [view.Kind] = Json.Of(resource) };
        run.Output.Document(node, run.Format);
    }

    private Action<WatchEvent<T>> Row()
    {
        var rows = new GrowingTable(run.Output.Shown, ["CHANGE", .. view.Headers], !run.NoHeaders);
        return happened =>
        {
            Resumed(happened);
            if (Of(happened) is var (change, resource))
                rows.Add([change, .. view.Cells(resource)]);
            else if (happened is WatchSynced<T>)
                rows.Write();
        };
    }

    private static (string Change, T Resource)? Of(WatchEvent<T> happened) =>
        happened switch
        {
            ResourceChanged<T> { Resource: var resource } => (Changed, resource),
            ResourceRemoved<T> { Resource: var resource } => (Removed, resource),
            _ => null,
        };
}
