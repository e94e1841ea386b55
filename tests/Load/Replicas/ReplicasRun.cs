using System.Net;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Placements;
using Coder.Mesh.Load.Store;
using Coder.Mesh.Tests.Support.Network;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;

namespace Coder.Mesh.Load.Replicas;

/// <summary>
/// Two control planes on one database behind a balancer: what one writes reaches the other, and one is killed.
/// </summary>
internal sealed class ReplicasRun(ReplicasOptions options, TimeProvider time, Action<string> say)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan DeliveryLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MoveLimit = TimeSpan.FromSeconds(60);

    private readonly CrowdCounters _counters = new();

    public async Task<ReplicasResult> Run(CancellationToken ct)
    {
        using var folder = new RunFolder(say);
        var product = new ControlPlane(options.ControlPlane, folder.Sub("one"), time);
        say("starting two control planes");
        await using var first = await product.Start(ct);
        product.ShareTokens(folder.Sub("two"));
        await using var second = await new ControlPlane(options.ControlPlane, folder.Sub("two"), time)
        {
            Settings = new Dictionary<string, string>
            {
                ["ConnectionStrings__Mesh"] = OwnPostgres.ConnectionString(first.DataFolder!),
            },
        }.Start(ct);
        await using var balancer = FaultProxy.Start(EndpointOf(second), EndpointOf(first));
        await using var database = OwnPostgres.Open(first.DataFolder!, "mesh-load-replicas");
        var headers = await product.AdminHeaders(ct);
        var identities = await product.Provision(first, options.Agents, ct);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var builtIn = new RedialingAgent(await product.BuiltInAgent(ct), Crowd(second.Address), _counters, time, 0);
        var crowd = identities
            .Select((i, n) => new RedialingAgent(i, Crowd(new Uri(balancer.Address)), _counters, time, n + 1))
            .ToList();
        var running = crowd.Prepend(builtIn).Select(a => a.Run(stop.Token)).ToList();
        try
        {
            say($"attaching {options.Agents} agents through a balancer");
            await Until(() => _counters.Read().Attached == options.Agents + 1, Limits.Attach, ct);
            using var channel = GrpcChannel.ForAddress(first.Address);
            await Readiness.Await(channel, headers, ["built-in"], time, ct);
            var workspaces = new WorkspaceService.WorkspaceServiceClient(channel);
            say("creating through one for an agent of the other");
            await Creates(workspaces, headers, builtIn, Math.Min(20, options.Creates), ct);
            var notified = await Creates(workspaces, headers, builtIn, options.Creates, ct);
            say("the same while no NOTIFY arrives");
            var without = await WithoutNotify(
                database,
                () => Creates(workspaces, headers, builtIn, options.CreatesWithoutNotify, ct),
                ct
            );
            say("killing one");
            var (moved, missing) = await Kill(second, crowd, database, ct);
            var errors = await Number(
                database,
                "select count(*) from mesh.mt_events where type = 'presence.status_changed.v1' and data ->> 'Status' = 'Error'",
                ct
            );
            say("stopping the other, which holds all agents");
            var stopped = await Stop(first, ct);
            return new ReplicasResult(MachineFacts.Read(), options, notified, without, moved, missing, errors, stopped);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running);
        }
    }

    private async Task<Latency> Creates(
        WorkspaceService.WorkspaceServiceClient workspaces,
        Metadata headers,
        RedialingAgent agent,
        int count,
        CancellationToken ct
    )
    {
        var latencies = new List<double>();
        for (var i = 0; i < count; i++)
        {
            var request = new CreateWorkspaceRequest { Name = $"w-{Guid.NewGuid():N}", Spec = PlacementCalls.Spec() };
            var called = time.GetTimestamp();
            var created = await workspaces.CreateWorkspaceAsync(request, headers, cancellationToken: ct);
            long at = 0;
            await Until(() => agent.Desired.TryGetValue(created.Workspace.Id, out at), DeliveryLimit, ct);
            if (at != 0)
                latencies.Add(time.GetElapsedTime(called, at).TotalMilliseconds);
        }

        return Latency.Of(latencies);
    }

    /// <summary>Cuts the connections that listen as often as they are made.</summary>
    private async Task<Latency> WithoutNotify(NpgsqlDataSource database, Func<Task<Latency>> work, CancellationToken ct)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var cutting = Cut(over.Token);
        try
        {
            return await work();
        }
        finally
        {
            await over.CancelAsync();
            await cutting;
        }

        async Task Cut(CancellationToken until)
        {
            try
            {
                while (true)
                {
                    await database.Execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%' or query like '%select 1'",
                        until
                    );
                    await Task.Delay(Between, time, until);
                }
            }
            catch (OperationCanceledException)
            {
                // The work is done.
            }
        }
    }

    private async Task<(Latency Moved, int Missing)> Kill(
        ServerUnderTest victim,
        IReadOnlyList<RedialingAgent> crowd,
        NpgsqlDataSource database,
        CancellationToken ct
    )
    {
        var killed = time.GetTimestamp();
        await victim.Process.Kill(ct);
        await Until(() => _counters.Read().Attached < options.Agents, MoveLimit, ct);
        await Until(() => _counters.Read().Attached >= options.Agents, MoveLimit, ct);
        var moved = crowd.Where(a => a.WelcomedAt > killed).ToList();
        // Whoever was attached to the dead replica and has not come back still stands as its own in the store.
        var missing = await Number(
            database,
            "select count(*) from mesh.mt_doc_providerpresence where (data ->> 'Attached')::boolean and data ->> 'ReplicaId' <> (select data ->> 'ReplicaId' from mesh.mt_doc_providerpresence where (data ->> 'Attached')::boolean order by data -> 'AgentSince' desc limit 1) and data ->> 'ProviderId' <> (select data ->> 'ProviderId' from mesh.mt_doc_provider where data ->> 'Kind' = 'BuiltIn')",
            ct
        );
        return (
            Latency.Of(moved.Select(a => time.GetElapsedTime(killed, a.WelcomedAt).TotalMilliseconds)),
            (int)missing
        );
    }

    /// <summary>Asks it to stop, as Kubernetes does.</summary>
    /// <returns>The time until its process, and the PostgreSQL that it runs, are gone, in milliseconds.</returns>
    private async Task<double> Stop(ServerUnderTest server, CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(MoveLimit);
        var asked = time.GetTimestamp();
        await server.Process.Stop(late.Token);
        return time.GetElapsedTime(asked).TotalMilliseconds;
    }

    private async Task Until(Func<bool> good, TimeSpan limit, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (!good() && time.GetElapsedTime(started) < limit)
            await Task.Delay(TimeSpan.FromMilliseconds(1), time, ct);
    }

    private static async Task<long> Number(NpgsqlDataSource database, string sql, CancellationToken ct)
    {
        await using var command = database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private static IPEndPoint EndpointOf(ServerUnderTest server) => new(IPAddress.Loopback, server.Address.Port);

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
