using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Proc;
using Coder.Mesh.Load.Store;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Scale;

/// <summary>Fills a store, then measures calls on it, one caller's, one after the other.</summary>
internal sealed class ScaleRun(ScaleOptions options, TimeProvider time, Action<string> say)
{
    public async Task<ScaleResult> Run(CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(Limits.Scale);
        using var folder = new RunFolder(say);
        var product = new ControlPlane(options.ControlPlane, folder.Sub("data"), time)
        {
            Settings = options.Plans is null ? new Dictionary<string, string>() : PlanLog.Settings,
        };
        say("starting the control plane");
        await using var server = await product.Start(late.Token);
        return await Run(product, server, late.Token);
    }

    private async Task<ScaleResult> Run(ControlPlane product, ServerUnderTest server, CancellationToken ct)
    {
        using var channel = GrpcChannel.ForAddress(
            server.Address,
            new GrpcChannelOptions { MaxReceiveMessageSize = 64 << 20 }
        );
        var headers = await product.AdminHeaders(ct);
        await using var database = OwnPostgres.Open(server.DataFolder!, "mesh-load");
        await using var templates = await Templates.Create(server, channel, headers, time, ct);
        await new Filler(database, time, say).Fill(options.Layout, templates, ct);
        var calls = new ScaleCalls(channel, headers);
        await Verification.Run(options.Layout, calls, ct);
        say("the control plane reads and writes on what was filled in");

        var cases = await ScaleCases.Of(options.Layout, calls, ct);
        var figures = new List<CaseFigures>();
        foreach (var one in cases)
            figures.Add(await Measure(server, one, ct));
        if (options.Plans is { } file)
            await new PlanReport(new PlanLog(database, server.DataFolder!, time), say).Write(file, cases, figures, ct);
        return new ScaleResult(MachineFacts.Read(), options, figures);
    }

    private async Task<CaseFigures> Measure(ServerUnderTest server, ScaleCase one, CancellationToken ct)
    {
        server.Process.RequireAlive();
        var milliseconds = new List<double>();
        var rows = new List<double>();
        var noise = new Noise(server, time);
        var began = time.GetTimestamp();
        try
        {
            for (var i = -options.WarmUp; i < options.Calls; i++)
            {
                var started = time.GetTimestamp();
                var found = await one.Call(i + options.WarmUp, ct);
                if (i < 0)
                    continue;
                milliseconds.Add(time.GetElapsedTime(started).TotalMilliseconds);
                rows.Add(found);
                if (time.GetElapsedTime(began) > Limits.ScaleCase)
                    break;
            }
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            throw server.Process.Failed($"failed at {one.Name}: {e.Status.StatusCode}, {e.Status.Detail}");
        }
        var figures = CaseFigures.Of(one.Name, milliseconds, rows, noise.OthersCores());
        say(FormattableString.Invariant($"{one.Name}: p95 {figures.P95:0.0} ms"));
        return figures;
    }

    /// <summary>CPU that neither the product nor its PostgreSQL nor this tool used.</summary>
    private sealed class Noise(ServerUnderTest server, TimeProvider time)
    {
        private readonly long _started = time.GetTimestamp();
        private readonly TimeSpan _before = Others(server);

        public double OthersCores() => Math.Max(0, (Others(server) - _before) / time.GetElapsedTime(_started));

        private static TimeSpan Others(ServerUnderTest server) =>
            MachineCpu.Busy()
            - ProcessSample.Read(server.Process.Pid).Cpu
            - (server.Postgres()?.Cpu ?? TimeSpan.Zero)
            - ProcessSample.Read(Environment.ProcessId).Cpu;
    }
}
