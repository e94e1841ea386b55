using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>
/// Watches workspaces including their summaries. These depend on the status of providers too, whose changes a watch of
/// workspaces does not report; so the workspaces of a provider are read again when its status changes.
/// </summary>
internal sealed class WatchedWorkspaces(MeshClient client, WatchWorkspacesRequest filter, TimeProvider time)
{
    private const int MaxPending = 100;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Workspace> _reported = [];
    private readonly Channel<(WatchEvent<Workspace> Event, bool ReadAgain)> _changes = Channel.CreateBounded<(
        WatchEvent<Workspace>,
        bool
    )>(MaxPending);

    public async IAsyncEnumerable<WatchEvent<Workspace>> Run([EnumeratorCancellation] CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var following = Task.WhenAll(FollowWorkspaces(ending.Token), FollowProviders(ending.Token));
        try
        {
            await foreach (var (happened, readAgain) in _changes.Reader.ReadAllAsync(ct))
            {
                if (IsNews(happened, readAgain))
                    yield return happened;
            }
        }
        finally
        {
            await ending.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Workspaces that were read again may be newer than the next changes of the watch.
    private bool IsNews(WatchEvent<Workspace> happened, bool readAgain)
    {
        switch (happened)
        {
            case ResourceChanged<Workspace> { Resource: var now }:
                var known = _reported.GetValueOrDefault(now.Id);
                if (known is null ? readAgain : now.ResourceVersion < known.ResourceVersion || now.Equals(known))
                    return false;
                _reported[now.Id] = now;
                return true;
            case ResourceRemoved<Workspace> { Resource: var gone }:
                _reported.Remove(gone.Id);
                return true;
            default:
                return true;
        }
    }

    private async Task FollowWorkspaces(CancellationToken ct)
    {
        try
        {
            await foreach (var happened in client.WatchAsync(filter.Clone(), ct))
                await _changes.Writer.WriteAsync((happened, false), ct);
            _changes.Writer.TryComplete();
        }
        catch (Exception e)
        {
            _changes.Writer.TryComplete(e);
        }
    }

    private async Task FollowProviders(CancellationToken ct)
    {
        var known = new Dictionary<string, (ProviderStatus, string, bool)>();
        try
        {
            await foreach (var happened in client.WatchAsync(new WatchProvidersRequest(), ct))
            {
                if (happened is not ResourceChanged<Provider> { Resource: var provider })
                    continue;
                var now = (provider.Status, provider.StatusCode, provider.Agent?.Attached == true);
                if (known.TryGetValue(provider.Id, out var before) && before != now)
                    await ReadAgain(provider.Id, ct);
                known[provider.Id] = now;
            }
        }
        catch (RpcException)
        {
            // Providers are not visible to the caller, or the control plane is too old to watch them.
        }
    }

    private async Task ReadAgain(string providerId, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                foreach (var workspace in await List(providerId, ct))
                    await _changes.Writer.WriteAsync((new ResourceChanged<Workspace>(workspace, ""), true), ct);
                return;
            }
            catch (RpcException e) when (e is MeshNotFoundException or MeshAccessException)
            {
                return;
            }
            catch (RpcException) when (!ct.IsCancellationRequested)
            {
                await Task.Delay(RetryDelay, time, ct);
            }
        }
    }

    private async Task<IReadOnlyList<Workspace>> List(string providerId, CancellationToken ct)
    {
        if (filter.Workspace.Length == 0)
            return await ListAll(providerId, ct);
        var request = new GetWorkspaceRequest { Workspace = filter.Workspace };
        var one = (await client.Workspaces.GetWorkspaceAsync(request, cancellationToken: ct)).Workspace;
        return one.ProviderId == providerId ? [one] : [];
    }

    private Task<List<Workspace>> ListAll(string providerId, CancellationToken ct) =>
        Pages.All<Workspace>(async token =>
        {
            var request = new ListWorkspacesRequest
            {
                Organization = filter.Organization,
                Provider = providerId,
                Owner = filter.Owner,
                State = filter.State,
                States = { filter.States },
                IncludeEnded = filter.IncludeEnded,
                PageSize = Pages.Size,
                PageToken = token,
            };
            var page = await client.Workspaces.ListWorkspacesAsync(request, cancellationToken: ct);
            return (page.Workspaces, page.NextPageToken);
        });
}
