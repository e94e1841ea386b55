using System.Collections.Concurrent;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Proc;
using Coder.Mesh.Load.Replicas;
using Coder.Mesh.Load.Store;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Overload;

/// <summary>
/// More calls, watches and strangers than one control plane takes, beside agents that must not notice.
/// </summary>
internal sealed class OverloadRun(OverloadOptions options, TimeProvider time, Action<string> say)
{
    private static readonly TimeSpan BetweenAgents = TimeSpan.FromMilliseconds(500);

    public async Task<OverloadResult> Run(CancellationToken ct)
    {
        using var folder = new RunFolder(say);
        var product = new ControlPlane(options.ControlPlane, folder.Sub("one"), time);
        say("starting a control plane");
        await using var server = await product.Start(ct);
        say($"attaching {options.Agents} agents");
        // The last one's agent comes and goes.
        var identities = await product.Provision(server, options.Agents + 1, ct);
        await using var agents = await HeldAgents.Attach([.. identities.SkipLast(1)], server.Address, time, ct);
        await using var builtIn = await HeldAgents.Attach([await product.BuiltInAgent(ct)], server.Address, time, ct);
        var crowd = await Tokens(product, ct);
        var modest = await product.AdminHeaders(ct);
        using var channel = Channel(server.Address);
        await Readiness.Await(channel, modest, ["built-in"], time, ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        say($"opening {options.Watches} watches at once");
        var watches = await Watch(channel, modest, stop.Token, ct);
        say($"making {options.Calls} calls at once for {options.Duration.TotalSeconds:0} s");
        var (calls, one) = (new CallCrowd(channel, time), new CallCrowd(channel, time));
        var welcome = new ConcurrentBag<double>();
        var before = ProcessSample.Read(server.Process.Pid).Cpu;
        var began = time.GetTimestamp();
        stop.CancelAfter(options.Duration);
        // On a connection of their own, as strangers have.
        using var outside = Channel(server.Address);
        var strangers = new StrangerCrowd(outside, options.Strangers, time).Run(stop.Token);
        await Task.WhenAll(
            calls.Run(crowd, options.Calls, stop.Token),
            one.Run([modest], 1, stop.Token),
            Welcomes(identities[^1], server.Address, welcome, stop.Token),
            strangers
        );
        var cores = (ProcessSample.Read(server.Process.Pid).Cpu - before) / time.GetElapsedTime(began);
        agents.RequireAttached();
        return new OverloadResult(
            MachineFacts.Read(),
            options,
            calls.Figures,
            one.Figures,
            watches,
            Latency.Of(welcome),
            await strangers,
            await Ready(channel, modest, ct),
            cores
        );
    }

    /// <summary>Tokens as an operator makes them, by the program itself.</summary>
    private async Task<IReadOnlyList<Metadata>> Tokens(ControlPlane product, CancellationToken ct)
    {
        say($"making {options.Callers} tokens");
        var tokens = new List<Metadata>();
        for (var i = 0; i < options.Callers; i++)
            tokens.Add(new Metadata { { "authorization", $"Bearer {await product.NewToken(ct)}" } });
        return tokens;
    }

    /// <summary>Opens all, and holds those that have begun until it is stopped.</summary>
    private async Task<IReadOnlyDictionary<string, int>> Watch(
        GrpcChannel channel,
        Metadata headers,
        CancellationToken stop,
        CancellationToken ct
    )
    {
        var client = new WorkspaceService.WorkspaceServiceClient(channel);
        var ends = await Task.WhenAll(Enumerable.Range(0, options.Watches).Select(_ => Begin())).WaitAsync(ct);
        return ends.GroupBy(e => e).ToDictionary(g => g.Key, g => g.Count());

        async Task<string> Begin()
        {
            var call = client.WatchWorkspaces(new WatchWorkspacesRequest(), headers, cancellationToken: stop);
            try
            {
                await call.ResponseStream.MoveNext(stop);
                _ = Drain(call);
                return "OK";
            }
            catch (RpcException e)
            {
                call.Dispose();
                return CallCrowd.ReasonOf(e);
            }
        }
    }

    private static async Task Drain(AsyncServerStreamingCall<WatchWorkspacesResponse> call)
    {
        using (call)
            try
            {
                while (await call.ResponseStream.MoveNext(CancellationToken.None)) { }
            }
            catch (RpcException)
            {
                // Stopped.
            }
    }

    /// <summary>An agent that comes, and goes when it is welcome, again and again.</summary>
    private async Task Welcomes(
        AgentIdentity identity,
        Uri target,
        ConcurrentBag<double> welcome,
        CancellationToken stop
    )
    {
        try
        {
            while (true)
            {
                var began = time.GetTimestamp();
                await using (await HeldAgents.Attach([identity], target, time, stop))
                    welcome.Add(time.GetElapsedTime(began).TotalMilliseconds);
                await Task.Delay(BetweenAgents, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end.
        }
    }

    private async Task<int> Ready(GrpcChannel channel, Metadata headers, CancellationToken ct)
    {
        var client = new ProviderService.ProviderServiceClient(channel);
        var request = new ListProvidersRequest { PageSize = 1_000, Statuses = { ProviderStatus.Ready } };
        var list = await client.ListProvidersAsync(request, headers, cancellationToken: ct);
        return list.Providers.Count(p => p.Name.StartsWith("load-", StringComparison.Ordinal) && !IsLast(p.Name));

        bool IsLast(string name) => name.EndsWith($"{options.Agents:D5}", StringComparison.Ordinal);
    }

    private static GrpcChannel Channel(Uri address) =>
        GrpcChannel.ForAddress(
            address,
            new GrpcChannelOptions
            {
                HttpHandler = new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true },
                DisposeHttpClient = true,
                MaxReceiveMessageSize = null,
            }
        );
}
