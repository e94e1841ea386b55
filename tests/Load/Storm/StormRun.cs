using System.Net;
using System.Net.Sockets;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Proc;
using Coder.Mesh.Load.Replicas;
using Coder.Mesh.Load.Store;

namespace Coder.Mesh.Load.Storm;

/// <summary>
/// Kills a server with many agents, starts it again, and follows how they return. Floor and product in turn.
/// </summary>
internal sealed class StormRun(StormOptions options, TimeProvider time, Action<string> say)
{
    private static readonly TimeSpan Sample = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AttachLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromMinutes(3);

    /// <summary>As long as the product's agent waits for its Welcome.</summary>
    private static readonly TimeSpan WelcomeLimit = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Sessions of the product are attached with their snapshot answered; then nothing else is under way.
    /// </summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    public async Task<StormResult> Run(CancellationToken ct)
    {
        OpenFiles.Require(options.Agents);
        using var folder = new RunFolder(say);
        var product = new ControlPlane(options.ControlPlane, folder.Sub("data"), time);
        say($"creating {options.Agents} providers");
        IReadOnlyList<AgentIdentity> identities;
        await using (var first = await product.Start(ct))
            identities = await product.Provision(first, options.Agents, ct);
        using var beside = new SpinningProcesses(options.BesideLoad);
        var rounds = new List<StormRound>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            say($"round {round} of {options.Rounds}: floor");
            var port = ControlPlane.FreePort();
            var floor = await Once(() => ServerUnderTest.StartFloor("the floor", time, ct, port), identities, ct);
            say($"round {round} of {options.Rounds}: product");
            var own = await Once(() => Task.FromResult(product.Launch()), identities, ct);
            rounds.Add(new StormRound(floor, own));
        }

        return new StormResult(MachineFacts.Read(), options, rounds);
    }

    private async Task<Recovery> Once(
        Func<Task<ServerUnderTest>> start,
        IReadOnlyList<AgentIdentity> identities,
        CancellationToken ct
    )
    {
        var counters = new CrowdCounters();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var server = await start();
        var running = new List<Task>(identities.Count);
        try
        {
            await PortOpens(server, ct);
            var began = time.GetTimestamp();
            foreach (var (identity, n) in identities.Select((i, n) => (i, n)))
            {
                running.Add(new RedialingAgent(identity, Crowd(server.Address), counters, time, n).Run(stop.Token));
                if (options.Ramp > 0 && running.Count % options.Ramp == 0)
                    await Task.Delay(TimeSpan.FromSeconds(1), time, ct);
            }

            await Until(() => counters.Read().Attached >= options.Agents, AttachLimit, ct);
            var firstSeconds = time.GetElapsedTime(began).TotalSeconds;
            var firstDials = counters.Read().Dialled;
            say($"  {counters.Read().Attached} of {options.Agents} attached after {firstSeconds:0.0} s");
            await Task.Delay(Settle, time, ct);

            var events = await StatusEvents(server, ct);
            var killed = time.GetTimestamp();
            await server.Process.Kill(ct);
            await server.DisposeAsync();
            var dialledBefore = counters.Read().Dialled;
            server = await start();
            var opened = await PortOpens(server, ct);
            var curve = await Follow(counters, opened, ct);
            var cpu = ProcessSample.Read(server.Process.Pid).Cpu.TotalSeconds;
            await Task.Delay(Settle, time, ct);
            var counts = counters.Read();
            return new Recovery
            {
                FirstSeconds = firstSeconds,
                FirstDialsPerAgent = firstDials / (double)options.Agents,
                PortOpenSeconds = time.GetElapsedTime(killed, opened).TotalSeconds,
                Attached = counts.Attached,
                Curve = curve,
                DialsPerAgent = (counts.Dialled - dialledBefore) / (double)options.Agents,
                StatusEvents = await StatusEvents(server, ct) - events,
                CpuSeconds = cpu,
                ResidentMebibytes = ProcessSample.Read(server.Process.Pid).ResidentBytes / 1024d / 1024,
                EndedEarly = counts.EndedEarly,
            };
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running);
            await server.DisposeAsync();
        }
    }

    /// <returns>When the server accepted a TCP connection.</returns>
    private async Task<long> PortOpens(ServerUnderTest server, CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(Limits.Start);
        while (true)
        {
            server.Process.RequireAlive();
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, server.Address.Port, late.Token);
                return time.GetTimestamp();
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, late.Token);
            }
        }
    }

    /// <summary>Samples how many agents are attached, until all are or the limit has passed.</summary>
    private async Task<IReadOnlyList<CurvePoint>> Follow(CrowdCounters counters, long opened, CancellationToken ct)
    {
        var curve = new List<CurvePoint>();
        while (true)
        {
            var point = new CurvePoint(time.GetElapsedTime(opened).TotalSeconds, counters.Read().Attached);
            curve.Add(point);
            if (point.Attached >= options.Agents || point.Seconds > RecoveryLimit.TotalSeconds)
                return curve;
            await Task.Delay(Sample, time, ct);
        }
    }

    private static async Task<long> StatusEvents(ServerUnderTest server, CancellationToken ct)
    {
        if (server.DataFolder is null)
            return 0;
        await using var database = OwnPostgres.Open(server.DataFolder, "mesh-load-storm");
        await using var command = database.CreateCommand(
            "select count(*) from mesh.mt_events where type = 'presence.status_changed.v1'"
        );
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private async Task Until(Func<bool> good, TimeSpan limit, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (!good() && time.GetElapsedTime(started) < limit)
            await Task.Delay(Sample, time, ct);
    }

    private static CrowdOptions Crowd(Uri target) =>
        new()
        {
            Target = target,
            Heartbeat = Limits.MaxHeartbeat,
            Duration = TimeSpan.Zero,
            Settle = TimeSpan.Zero,
            Ramp = 1,
            AttachLimit = WelcomeLimit,
        };
}
