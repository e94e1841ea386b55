using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

/// <summary>A watch that has begun, read message by message.</summary>
internal sealed class WatchProbe<T>(AsyncServerStreamingCall<T> call, Func<T, ChangeType> type) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>The next message, whatever it is.</summary>
    public async Task<T> Any(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        Assert.True(await call.ResponseStream.MoveNext(limit.Token), "the watch ended");
        return call.ResponseStream.Current;
    }

    /// <summary>The next message that tells a change.</summary>
    public async Task<T> Next(CancellationToken ct)
    {
        while (true)
        {
            var message = await Any(ct);
            if (type(message) != ChangeType.Progress)
                return message;
        }
    }

    public async Task<RpcException> End(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await Any(ct);
            }
            catch (RpcException e)
            {
                return e;
            }
        }
    }

    public void Dispose() => call.Dispose();
}

internal static class WatchProbe
{
    /// <summary>
    /// Of a replica whose log of changes begins at once: what was before it is read by each watch itself.
    /// </summary>
    public static readonly WatchLimits WithoutPast = new() { OpenedChanges = 0 };

    /// <summary>
    /// Whose place is known: what is changed from now on is told, and nothing of before unless asked for.
    /// </summary>
    public static async Task<WatchProbe<WatchWorkspacesResponse>> Workspaces(
        TestControlPlane plane,
        CancellationToken ct,
        WatchWorkspacesRequest? request = null
    )
    {
        if (request is not { ResumeToken.Length: > 0 })
            await Settled(plane, ct);
        var probe = new WatchProbe<WatchWorkspacesResponse>(
            plane.Workspaces.WatchWorkspaces(request ?? new(), plane.Admin, cancellationToken: ct),
            m => m.Type
        );
        Assert.Equal(ChangeType.Progress, (await probe.Any(ct)).Type);
        return probe;
    }

    /// <inheritdoc cref="Workspaces"/>
    public static async Task<WatchProbe<WatchProvidersResponse>> Providers(
        TestControlPlane plane,
        CancellationToken ct,
        WatchProvidersRequest? request = null
    )
    {
        if (request is not { ResumeToken.Length: > 0 })
            await Settled(plane, ct);
        var probe = new WatchProbe<WatchProvidersResponse>(
            plane.Providers.WatchProviders(request ?? new(), plane.Admin, cancellationToken: ct),
            m => m.Type
        );
        Assert.Equal(ChangeType.Progress, (await probe.Any(ct)).Type);
        return probe;
    }

    /// <inheritdoc cref="Workspaces"/>
    public static async Task<WatchProbe<WatchOrganizationsResponse>> Organizations(
        TestControlPlane plane,
        CancellationToken ct,
        WatchOrganizationsRequest? request = null
    )
    {
        if (request is not { ResumeToken.Length: > 0 })
            await Settled(plane, ct);
        var probe = new WatchProbe<WatchOrganizationsResponse>(
            plane.Organizations.WatchOrganizations(request ?? new(), plane.Admin, cancellationToken: ct),
            m => m.Type
        );
        Assert.Equal(ChangeType.Progress, (await probe.Any(ct)).Type);
        return probe;
    }

    /// <summary>Whatever the feed has told by now is gone from it, as after a day.</summary>
    public static async Task TrimAll(TestControlPlane plane, CancellationToken ct)
    {
        var database = plane.Services.GetRequiredService<NpgsqlDataSource>();
        await using var age = database.CreateCommand($"update {ChangeFeed.Table} set at = now() - interval '25 hours'");
        await age.ExecuteNonQueryAsync(ct);
        await ActivatorUtilities.CreateInstance<Trimmer>(plane.Services).Trim(ct);
    }

    /// <summary>
    /// Waits until every change so far is behind the oldest running transaction, which may be one of another database:
    /// a list or a watch begins there, and a list whose token lies before what was trimmed cannot be watched from.
    /// </summary>
    public static async Task Settled(TestControlPlane plane, CancellationToken ct)
    {
        await using var unsettled = plane
            .Services.GetRequiredService<NpgsqlDataSource>()
            .CreateCommand(
                $"""
                select exists (
                    select 1 from (
                        select xid from {ChangeFeed.Table}
                        union all
                        select xid from {ChangeFeed.TrimmedTable} where xid < pg_snapshot_xmax(pg_current_snapshot())
                    ) changed
                    where xid >= pg_snapshot_xmin(pg_current_snapshot()))
                """
            );
        while ((bool)(await unsettled.ExecuteScalarAsync(ct))!)
            await Task.Delay(5, ct);
    }
}
