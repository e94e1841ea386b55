using System.Globalization;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Commands;
using Coder.Mesh.Load.Proc;

namespace Coder.Mesh.Load.Compare;

/// <summary>Measures one server: idle, then with all agents over the window.</summary>
internal sealed class Measurement(ServerUnderTest server, ComparisonOptions options, TimeProvider time)
{
    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(1);

    private readonly List<ProcessSample> _inWindow = [];
    private Snapshot? _opened;
    private Snapshot? _closed;
    private double _attachSeconds;

    /// <param name="first">Warms the server up: its figures idle shouldn't be those of code that has never run.</param>
    /// <param name="tokens">File with a token per agent; null where they are made up.</param>
    /// <param name="ct">Ends the measurement without a result.</param>
    public async Task<Figures> Run(AgentIdentity first, string? tokens, CancellationToken ct)
    {
        await WarmUp(first, ct);
        await Task.Delay(options.Crowd.Settle, time, ct);
        var (idle, idleCores) = await Idle(ct);

        await using var agents = ChildProcess.Start(
            "the agents' process",
            AgentsCommandLine(tokens),
            ServerUnderTest.SameCollector,
            readsOutput: true,
            time
        );
        await Follow(agents, ct);
        server.Process.RequireAlive();
        if (_opened is null || _closed is null)
            throw agents.Failed("ended before its window closed");
        return Evaluate(_opened, _closed, idle, idleCores);
    }

    private async Task WarmUp(AgentIdentity first, CancellationToken ct)
    {
        var crowd = new AgentCrowd(
            [first],
            options.Crowd with
            {
                Target = server.Address,
                Settle = TimeSpan.Zero,
                // The first heartbeat falls within the interval; the rest is time for its answer.
                Duration = options.Crowd.Heartbeat + TimeSpan.FromSeconds(2),
            },
            time
        );
        CrowdCounts? counts = null;
        await crowd.Run(
            e =>
            {
                counts = e.Counts;
                return Task.CompletedTask;
            },
            ct
        );
        if (counts is not { HeartbeatsAnswered: > 0, Attached: 1 })
            throw server.Process.Failed(
                $"doesn't serve even one agent: {string.Join(", ", counts?.EndedEarly.Keys ?? [])}"
            );
    }

    private async Task<(ProcessSample Sample, double Cores)> Idle(CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var before = ReadServer();
        await Task.Delay(options.Crowd.Settle, time, ct);
        var after = ReadServer();
        var seconds = time.GetElapsedTime(started).TotalSeconds;
        return (after, (after.Cpu - before.Cpu).TotalSeconds / seconds);
    }

    // The agents say when the window opens and closes; the kernel is asked at these moments.
    private async Task Follow(ChildProcess agents, CancellationToken ct)
    {
        using var sampling = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var sampler = Task.CompletedTask;
        try
        {
            while (await agents.ReadLine(ct) is { } line)
            {
                var now = LoadJson.Parse<CrowdEvent>(line);
                if (now.Phase == CrowdPhase.Attached)
                    _attachSeconds = now.Seconds;
                else if (now.Phase == CrowdPhase.WindowOpened)
                {
                    _opened = Snap(now.Counts, agents);
                    sampler = Sample(sampling.Token);
                }
                else if (now.Phase == CrowdPhase.WindowClosed)
                {
                    _closed = Snap(now.Counts, agents);
                    await sampling.CancelAsync();
                }
            }
        }
        finally
        {
            await sampling.CancelAsync();
            await sampler;
        }
        await agents.WaitForExit(ct);
    }

    private async Task Sample(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(SampleEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
                _inWindow.Add(ReadServer());
        }
        catch (OperationCanceledException)
        {
            // The window has closed.
        }
    }

    private ProcessSample ReadServer()
    {
        server.Process.RequireAlive();
        return ProcessSample.Read(server.Process.Pid);
    }

    private Snapshot Snap(CrowdCounts counts, ChildProcess agents) =>
        new(
            time.GetTimestamp(),
            counts,
            ReadServer(),
            ProcessSample.Read(agents.Pid),
            MachineCpu.Busy(),
            server.Postgres()
        );

    private Figures Evaluate(Snapshot opened, Snapshot closed, ProcessSample idle, double idleCores)
    {
        var seconds = time.GetElapsedTime(opened.At, closed.At).TotalSeconds;
        var samples = _inWindow.Prepend(opened.Server).Append(closed.Server).ToArray();
        var resident = (long)Spread.Of(samples.Select(s => (double)s.ResidentBytes)).Median;
        var answered = closed.Counts.HeartbeatsAnswered - opened.Counts.HeartbeatsAnswered;
        var cores = (closed.Server.Cpu - opened.Server.Cpu).TotalSeconds / seconds;
        var clientCores = (closed.Client.Cpu - opened.Client.Cpu).TotalSeconds / seconds;
        var postgres =
            closed.Postgres is { } to && opened.Postgres is { } from
                ? new PostgresFigures(to.Processes, to.ProportionalBytes, (to.Cpu - from.Cpu).TotalSeconds / seconds)
                : null;
        var busy = (closed.MachineBusy - opened.MachineBusy).TotalSeconds / seconds;
        return new Figures
        {
            IdleBytes = idle.ResidentBytes,
            ResidentBytes = resident,
            AnonymousBytes = (long)Spread.Of(samples.Select(s => (double)s.AnonymousBytes)).Median,
            PeakBytes = closed.Server.PeakBytes,
            BytesPerAgent = (resident - idle.ResidentBytes) / (double)options.Count,
            IdleCores = idleCores,
            Cores = cores,
            MicrosecondsPerHeartbeat = answered == 0 ? 0 : (cores - idleCores) * seconds * 1_000_000 / answered,
            AnsweredPerSecond = answered / seconds,
            ExpectedPerSecond = closed.Counts.ExpectedPerSecond,
            AttachSeconds = _attachSeconds,
            Attached = closed.Counts.Attached,
            Connections = closed.Counts.Dialled,
            EndedEarly = closed.Counts.EndedEarly,
            ClientCores = clientCores,
            OtherCores = Math.Max(0, busy - cores - clientCores - (postgres?.Cores ?? 0)),
            Runtime = ServerRuntime.Of(server.Process.Pid),
            Postgres = postgres,
        };
    }

    private IReadOnlyList<string> AgentsCommandLine(string? tokens)
    {
        var crowd = options.Crowd;
        string[] arguments =
        [
            "agents",
            "--target",
            server.Address.ToString(),
            "--count",
            options.Count.ToString(CultureInfo.InvariantCulture),
            "--heartbeat",
            Durations.Format(crowd.Heartbeat),
            "--duration",
            Durations.Format(crowd.Duration),
            "--settle",
            Durations.Format(crowd.Settle),
            "--ramp",
            crowd.Ramp.ToString(CultureInfo.InvariantCulture),
            "--output",
            "json",
        ];
        return OwnExecutable.Command(tokens is null ? arguments : [.. arguments, "--tokens", tokens]);
    }

    private sealed record Snapshot(
        long At,
        CrowdCounts Counts,
        ProcessSample Server,
        ProcessSample Client,
        TimeSpan MachineBusy,
        PostgresSample? Postgres
    );
}
