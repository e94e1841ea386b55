using System.Globalization;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Load.Scale;

/// <summary>
/// Whether the product takes what was filled in for its own: it reads it, finds it by each way, and writes on from it.
/// A write succeeds only if stream, events and snapshot agree.
/// </summary>
internal static class Verification
{
    public static async Task Run(Layout layout, ScaleCalls calls, CancellationToken ct)
    {
        try
        {
            await Providers(layout, calls, ct);
            await Organizations(layout, calls, ct);
            await Workspaces(layout, calls, ct);
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            throw new LoadException(
                $"the filled store isn't one of this control plane: {e.StatusCode}, {e.Status.Detail}"
            );
        }
    }

    private static async Task Providers(Layout layout, ScaleCalls calls, CancellationToken ct)
    {
        var options = calls.Options(ct);
        var name = layout.Provider(1);
        var request = new GetProviderRequest { Provider = name };
        var provider = (await calls.ProviderClient.GetProviderAsync(request, options)).Provider;
        Require(provider.Name == name && provider.Status == ProviderStatus.Ready, $"{name} is {provider.Status}");
        Require(provider.Organizations.Count > 0, $"{name} is allowed for no organization");
        Require(provider.UnfinishedWorkspaces > 0, $"{name} holds nothing");
        Require(provider.Tokens.Count == 1, $"{name} has {provider.Tokens.Count} tokens");
        var error = (
            await calls.ProviderClient.GetProviderAsync(
                new GetProviderRequest { Provider = layout.ErrorProvider(0, 0) },
                options
            )
        ).Provider;
        Require(error.Status == ProviderStatus.Error, $"{error.Name} is {error.Status}");

        var cordon = new CordonProviderRequest { Provider = name, Reason = "a write on a filled stream" };
        var cordoned = (await calls.ProviderClient.CordonProviderAsync(cordon, options)).Provider;
        Require(
            Version(cordoned.Etag) == Version(provider.Etag) + 1,
            $"{name} went from {provider.Etag} to {cordoned.Etag}"
        );
        await calls.ProviderClient.UncordonProviderAsync(new UncordonProviderRequest { Provider = name }, options);
        var history = new ListHistoryRequest { Provider = name };
        var entries = (await calls.ProviderClient.ListHistoryAsync(history, options)).Entries;
        Require(entries.Any(e => e.Type == "provider.registered.v1"), $"{name} was never registered");
        var longest = await calls.History(new() { Provider = layout.Provider(0), PageSize = 1_000 }, ct);
        // Reports of conditions that say nothing new have no line.
        Require(
            longest is > Layout.LongHistory / 2 and <= Layout.LongHistory,
            $"the long history has {longest} entries"
        );
    }

    private static async Task Organizations(Layout layout, ScaleCalls calls, CancellationToken ct)
    {
        var options = calls.Options(ct);
        var name = layout.Organization(1);
        var get = new GetOrganizationRequest { Organization = name };
        var before = (await calls.OrganizationClient.GetOrganizationAsync(get, options)).Organization;
        Require(before.Providers.Count > layout.Providers / layout.Groups, $"{name} may use {before.Providers.Count}");
        Require(before.UnfinishedWorkspaces > 0, $"{name} has no workspaces");
        var allow = new AllowProviderRequest { Organization = name, Provider = Templates.Pending };
        var after = (await calls.OrganizationClient.AllowProviderAsync(allow, options)).Organization;
        Require(
            after.Providers.Count == before.Providers.Count + 1 && Version(after.Etag) == Version(before.Etag) + 1,
            $"{name} went from {before.Etag} to {after.Etag}"
        );
        var disallow = new DisallowProviderRequest { Organization = name, Provider = Templates.Pending };
        await calls.OrganizationClient.DisallowProviderAsync(disallow, options);
    }

    private static async Task Workspaces(Layout layout, ScaleCalls calls, CancellationToken ct)
    {
        var options = calls.Options(ct);
        foreach (var state in new[] { WorkspaceState.Running, WorkspaceState.Stopped, WorkspaceState.Failed })
        {
            var list = new ListWorkspacesRequest { State = state, Organization = layout.Organization(0) };
            var found = (await calls.WorkspaceClient.ListWorkspacesAsync(list, options)).Workspaces;
            Require(found.Count > 0, $"no workspace is {state}");
            Require(found.All(w => w.Organization == list.Organization), "a list shows another organization's");
            if (state != WorkspaceState.Running)
                continue;
            var (first, stop) = (found[0], new StopWorkspaceRequest { Workspace = found[0].Id });
            var stopped = (await calls.WorkspaceClient.StopWorkspaceAsync(stop, options)).Workspace;
            Require(
                stopped.Generation == first.Generation + 1 && Version(stopped.Etag) == Version(first.Etag) + 1,
                $"{first.Name} went from {first.Etag} to {stopped.Etag}"
            );
        }
    }

    private static int Version(string etag) => int.Parse(etag, CultureInfo.InvariantCulture);

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new LoadException($"the filled store isn't what it should be: {otherwise}.");
    }
}
