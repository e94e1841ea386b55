using System.Collections.Concurrent;
using Coder.Mesh.Load.Placements;
using Coder.Mesh.Load.Replicas;
using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Overload;

/// <summary>Callers who make one call after the other, and wait as long as a refusal asks them to.</summary>
internal sealed class CallCrowd(GrpcChannel channel, TimeProvider time)
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WithoutDelay = TimeSpan.FromSeconds(1);

    private readonly WorkspaceService.WorkspaceServiceClient _workspaces = new(channel);
    private readonly ProviderService.ProviderServiceClient _providers = new(channel);
    private readonly DeploymentService.DeploymentServiceClient _deployment = new(channel);
    private readonly ConcurrentDictionary<string, int> _answers = new();
    private readonly ConcurrentBag<double> _accepted = [];
    private int _withoutDelay;

    public CallFigures Figures =>
        new(new SortedDictionary<string, int>(_answers), Latency.Of(_accepted), _withoutDelay);

    /// <summary>What a call ended with: its reason, or its status where it has none.</summary>
    public static string ReasonOf(RpcException e) =>
        e.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason ?? e.StatusCode.ToString();

    /// <param name="callers">Headers of each token.</param>
    public Task Run(IReadOnlyList<Metadata> callers, int calls, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, calls).Select(i => One(callers[i % callers.Count], i, stop)));

    private async Task One(Metadata headers, int kind, CancellationToken stop)
    {
        for (; !stop.IsCancellationRequested; kind++)
        {
            var began = time.GetTimestamp();
            try
            {
                await Call(kind, headers);
                Accepted("OK", began);
            }
            // Of one name there is one: what is measured is that it was decided.
            catch (RpcException e) when (ReasonOf(e) is "WORKSPACE_EXISTS" or "CONCURRENT_CHANGE")
            {
                Accepted(ReasonOf(e), began);
            }
            catch (RpcException e)
            {
                Count(ReasonOf(e));
                if (await Wait(e, stop))
                    return;
            }
        }
    }

    private async Task<bool> Wait(RpcException e, CancellationToken stop)
    {
        var delay = e.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan();
        if (delay is null && e.StatusCode == StatusCode.ResourceExhausted)
            Interlocked.Increment(ref _withoutDelay);
        try
        {
            await Task.Delay(delay ?? WithoutDelay, time, stop);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private async Task Call(int kind, Metadata headers)
    {
        var options = new CallOptions(headers, (time.GetUtcNow() + CallLimit).UtcDateTime);
        switch (kind % 4)
        {
            case 0:
                var create = new CreateWorkspaceRequest { Name = "the-one", Spec = PlacementCalls.Spec() };
                await _workspaces.CreateWorkspaceAsync(create, options);
                break;
            case 1:
                await _workspaces.ListWorkspacesAsync(new ListWorkspacesRequest { PageSize = 20 }, options);
                break;
            case 2:
                await _providers.GetProviderAsync(new GetProviderRequest { Provider = "built-in" }, options);
                break;
            default:
                await _deployment.GetDeploymentAsync(new GetDeploymentRequest(), options);
                break;
        }
    }

    private void Accepted(string answer, long began)
    {
        Count(answer);
        _accepted.Add(time.GetElapsedTime(began).TotalMilliseconds);
    }

    private void Count(string answer) => _answers.AddOrUpdate(answer, 1, (_, count) => count + 1);
}
