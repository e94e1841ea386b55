using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Placements;
using Coder.Mesh.Load.Proc;
using Coder.Mesh.Load.Replicas;
using Coder.Mesh.Load.Store;
using Coder.Mesh.Protocol.Client;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Watches;

/// <summary>How soon watches tell what is changed, while others change the same.</summary>
internal sealed class WatchRun(WatchOptions options, TimeProvider time, Action<string> say)
{
    private static readonly TimeSpan TellLimit = TimeSpan.FromSeconds(60);

    public async Task<WatchResult> Run(CancellationToken ct)
    {
        using var folder = new RunFolder(say);
        var product = new ControlPlane(options.ControlPlane, folder.Sub("one"), time);
        say("starting a control plane");
        await using var server = await product.Start(ct);
        using var client = await Client(product, server, ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var agent = new RedialingAgent(await product.BuiltInAgent(ct), Crowd(server.Address), new(), time, 0);
        var running = new List<Task> { agent.Run(stop.Token) };
        try
        {
            using var channel = GrpcChannel.ForAddress(server.Address);
            await Readiness.Await(channel, await product.AdminHeaders(ct), ["built-in"], time, ct);
            say($"creating {options.Workspaces} workspaces and {options.Watches + 1} watches");
            var workspaces = await Create(client, ct);
            var all = new Watcher(client, new(), time);
            var single = Enumerable
                .Range(0, options.Watches)
                .Select(i => new Watcher(client, new() { Workspace = workspaces[i % workspaces.Count] }, time))
                .ToList();
            running.AddRange(single.Prepend(all).Select(w => w.Run(stop.Token)));
            await Task.WhenAll(single.Prepend(all).Select(w => w.Synced)).WaitAsync(Limits.Attach, time, ct);
            await Warm(client, workspaces, [all, .. single], ct);
            say($"changing {options.Changes} a second for {options.Duration.TotalSeconds:0} s");
            var steady = await Measure(server, client, workspaces, options.Duration, all, single, ct);
            say("killing the control plane, and starting it again");
            await server.Process.Kill(ct);
            await using var again = await product.Start(ct);
            say($"changing {options.Changes} a second for {options.AfterRestart.TotalSeconds:0} s");
            var restarted = await Measure(again, client, workspaces, options.AfterRestart, all, single, ct);
            return new WatchResult(MachineFacts.Read(), options, steady, restarted);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running);
        }
    }

    // A watch has told all that there is before it is under way: it is once it has told a change of its workspace.
    private async Task Warm(
        MeshClient client,
        IReadOnlyList<string> workspaces,
        IReadOnlyList<Watcher> watchers,
        CancellationToken ct
    )
    {
        say($"warming up for {options.WarmUp.TotalSeconds:0} s");
        await new Changes(client, workspaces, time).Run(options.Changes, options.WarmUp, ct);
        var last = new Changes(client, workspaces, time);
        await last.Each(ct);
        foreach (var watcher in watchers)
            await watcher.UntilTold(last.Called.Keys, ct).WaitAsync(TellLimit, time, ct);
    }

    private async Task<WatchFigures> Measure(
        ServerUnderTest server,
        MeshClient client,
        IReadOnlyList<string> workspaces,
        TimeSpan duration,
        Watcher all,
        List<Watcher> single,
        CancellationToken ct
    )
    {
        var changes = new Changes(client, workspaces, time);
        var before = ProcessSample.Read(server.Process.Pid).Cpu;
        var began = time.GetTimestamp();
        await changes.Run(options.Changes, duration, ct);
        var cores = (ProcessSample.Read(server.Process.Pid).Cpu - before) / time.GetElapsedTime(began);
        // The last ones are under way. Seldom, for to look takes the processors that they need.
        var until = time.GetTimestamp();
        var versions = changes.Called.Keys.ToLookup(v => v.Id, v => v.Version);
        while (single.Prepend(all).Any(w => w.Missed(versions) > 0) && time.GetElapsedTime(until) < TellLimit)
            await Task.Delay(TimeSpan.FromSeconds(1), time, ct);
        var missed = single.Prepend(all).Sum(w => w.Missed(versions));

        return new WatchFigures(
            Latency.Of(Times(changes.Called, [all])),
            Latency.Of(Times(changes.Answered, [all])),
            Latency.Of(Times(changes.Called, single)),
            Latency.Of(Times(changes.Answered, single)),
            changes.Made,
            changes.WithRival,
            changes.AskedAgain,
            missed,
            cores
        );
    }

    private IEnumerable<double> Times(
        IReadOnlyDictionary<(string, ulong), long> since,
        IEnumerable<Watcher> watchers
    ) =>
        from watcher in watchers
        from told in watcher.Told
        where since.ContainsKey(told.Key)
        select Math.Max(0, time.GetElapsedTime(since[told.Key], told.Value).TotalMilliseconds);

    private async Task<IReadOnlyList<string>> Create(MeshClient client, CancellationToken ct)
    {
        var ids = new string[options.Workspaces];
        await Parallel.ForAsync(
            0,
            ids.Length,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct },
            async (i, token) =>
                ids[i] = (
                    await client.Workspaces.CreateWorkspaceAsync(
                        new() { Name = $"w-{i}", Spec = PlacementCalls.Spec() },
                        cancellationToken: token
                    )
                )
                    .Workspace
                    .Id
        );
        return ids;
    }

    private static async Task<MeshClient> Client(ControlPlane product, ServerUnderTest server, CancellationToken ct)
    {
        var authorization = (await product.AdminHeaders(ct)).GetValue("authorization")!;
        var token = authorization["Bearer ".Length..];
        return new MeshClient(new() { Address = server.Address, Token = _ => ValueTask.FromResult(token) });
    }

    private static CrowdOptions Crowd(Uri target) =>
        new()
        {
            Target = target,
            Heartbeat = Limits.MaxHeartbeat,
            Duration = TimeSpan.Zero,
            Settle = TimeSpan.Zero,
            Ramp = 1,
        };
}
