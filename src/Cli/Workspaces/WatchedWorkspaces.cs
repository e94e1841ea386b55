using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>
/// The changes of workspaces, and what can be said of them: that depends on their providers too, whose changes are no
/// changes of workspaces. When a provider's status has changed, its workspaces are read again.
/// </summary>
internal sealed class WatchedWorkspaces(MeshClient client, WatchWorkspacesRequest filter, TimeProvider time)
{
    private const int MaxWaiting = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Workspace> _told = [];
    private readonly Channel<(WatchEvent<Workspace> Event, bool ReadAgain)> _news = Channel.CreateBounded<(
        WatchEvent<Workspace>,
        bool
    )>(MaxWaiting);

    public async IAsyncEnumerable<WatchEvent<Workspace>> Run([EnumeratorCancellation] CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var following = Task.WhenAll(FollowWorkspaces(ending.Token), FollowProviders(ending.Token));
        try
        {
            await foreach (var (happened, readAgain) in _news.Reader.ReadAllAsync(ct))
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

    // What was read again may be ahead of the watch, which then tells what is known already.
    private bool IsNews(WatchEvent<Workspace> happened, bool readAgain)
    {
        switch (happened)
        {
            case ResourceChanged<Workspace> { Resource: var now }:
                var known = _told.GetValueOrDefault(now.Id);
                if (known is null ? readAgain : now.ResourceVersion < known.ResourceVersion || now.Equals(known))
                    return false;
                _told[now.Id] = now;
                return true;
            case ResourceRemoved<Workspace> { Resource: var gone }:
                _told.Remove(gone.Id);
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
                await _news.Writer.WriteAsync((happened, false), ct);
            _news.Writer.TryComplete();
        }
        catch (Exception e)
        {
            _news.Writer.TryComplete(e);
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
            // Whoever may not see providers, or talks to a control plane that can't tell of them, goes without.
        }
    }

    private async Task ReadAgain(string providerId, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                foreach (var workspace in await List(providerId, ct))
                    await _news.Writer.WriteAsync((new ResourceChanged<Workspace>(workspace, ""), true), ct);
                return;
            }
            catch (RpcException e) when (e is MeshNotFoundException or MeshAccessException)
            {
                return;
            }
            catch (RpcException) when (!ct.IsCancellationRequested)
            {
                await Task.Delay(Pause, time, ct);
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
