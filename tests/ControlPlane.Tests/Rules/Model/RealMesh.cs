using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Rules.Model;

/// <summary>Does the model's operations on the real store.</summary>
internal sealed class RealMesh(TestControlPlane plane, CancellationToken ct)
{
    private static readonly WriteContext Caller = new("u");

    private readonly Dictionary<string, SessionFence> _fences = [];
    private long _reports;

    public async Task<string> Do(Operation operation) =>
        operation switch
        {
            Operation.CreateProvider o => Answer(
                await Get<ProviderTokens>().Create(Caller, o.Name, new ProviderDetails(MaxWorkspaces: o.Max), ct)
            ),
            Operation.Attach o => await Attach(o.Name),
            Operation.Rename o => Answer(await Get<ProviderCommands>().Rename(Caller, o.Name, o.To, "", ct)),
            Operation.Limit o => Answer(await Change(o.Name, new ChangeDetails(d => d with { MaxWorkspaces = o.Max }))),
            Operation.SetCordon { On: true } o => Answer(
                await Change(o.Name, new CordonProvider("why not", Caller.Actor, DateTimeOffset.UtcNow))
            ),
            Operation.SetCordon o => Answer(await Change(o.Name, new UncordonProvider())),
            Operation.SetDefault o => Answer(await Get<ProviderCommands>().SetDefault(Caller, o.Name, ct)),
            Operation.Delete o => Answer(await Get<ProviderRemoval>().Delete(Caller, o.Name, "", ct)),
            Operation.Forget o => Answer(
                await Get<ProviderRemoval>().Forget(Caller, o.Name, o.Name, o.Force, "gone", ct)
            ),
            Operation.CreateOrganization o => Answer(await Get<OrganizationCommands>().Create(Caller, o.Name, ct)),
            Operation.DeleteOrganization o => Answer(await Get<OrganizationCommands>().Delete(Caller, o.Name, "", ct)),
            Operation.Allow o => Answer(
                await Get<OrganizationCommands>().Allow(Caller, o.Organization, o.Provider, "", ct)
            ),
            Operation.Disallow o => Answer(
                await Get<OrganizationCommands>().Disallow(Caller, o.Organization, o.Provider, "", ct)
            ),
            Operation.Place o => Answer(
                await Get<WorkspacePlacement>()
                    .Place(
                        Caller,
                        new PlaceWorkspace(o.Organization, o.Provider, "", o.Name, new("i", "1", "1Gi", "1Gi", []), ""),
                        ct
                    )
            ),
            Operation.Remove o => Answer(
                await Get<WorkspaceCommands>()
                    .Change(
                        Caller,
                        new WorkspaceReference(o.Name, o.Organization),
                        new ChangeDesiredState(DesiredState.Deleted, "", "", DateTimeOffset.UtcNow),
                        ct
                    )
            ),
            Operation.AgentsFinish => await FinishDeleting(),
            _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "unknown"),
        };

    private Task<Result<WriteResult>> Change(string provider, ProviderCommand command) =>
        Get<ProviderWrites>().Change(Caller, provider, etag: "", command, ct);

    /// <summary>All of the store that the model knows, in the model's words.</summary>
    public async Task<string> Describe()
    {
        await using var connection = new NpgsqlConnection(plane.Database);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(
            """
            select 'provider ' || (p.data ->> 'Name') || ' ' || (s.data ->> 'Status') || ' cordoned='
                || case when p.data ->> 'Cordon' is null then 'False' else 'True' end
                || ' max=' || (p.data -> 'Details' ->> 'MaxWorkspaces')
            from mesh.mt_doc_provider p join mesh.mt_doc_providerpresence s
                on s.data ->> 'ProviderId' = p.data ->> 'ProviderId'
            where not (p.data ->> 'Deleted')::boolean
            union all
            select 'default ' || (p.data ->> 'Name') from mesh.mt_doc_meshdeployment d
            join mesh.mt_doc_provider p on p.data ->> 'ProviderId' = d.data ->> 'DefaultProviderId'
            union all
            select 'organization ' || (o.data ->> 'Name') || ' ' || coalesce(
                (select string_agg(p.data ->> 'Name', ',' order by p.data ->> 'Name' collate "C")
                from mesh.mt_doc_provider p where o.data -> 'AllowedProviders' ? (p.data ->> 'ProviderId')), '')
            from mesh.mt_doc_organization o where not (o.data ->> 'Deleted')::boolean
            union all
            select 'workspace ' || (o.data ->> 'Name') || '/' || (w.data ->> 'Name') || ' in ' || (p.data ->> 'Name')
                || ' deleting=' || case when w.data ->> 'Desired' = 'Deleted' then 'True' else 'False' end
            from mesh.mt_doc_workspace w
            join mesh.mt_doc_organization o on o.data ->> 'OrganizationId' = w.data ->> 'OrganizationId'
            join mesh.mt_doc_provider p on p.data ->> 'ProviderId' = w.data ->> 'ProviderId'
            where not (w.data ->> 'Finished')::boolean
            """,
            connection
        );
        var lines = new List<string>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            lines.Add(rows.GetString(0));
        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    public async Task<string> Attach(string name)
    {
        var found = await Get<ProviderView>().Find(name, ct);
        if (found.Error is { } error)
            return error.Reason;
        var id = found.Value.ProviderId;
        var attaching = new Attaching(
            id,
            "token",
            new AgentIdentity("i", "test", id, "workspaces", "v1", "kubernetes"),
            ProtocolVersion.Max,
            [.. ConditionTypes.Required.Select(t => new Condition(t, ConditionStatus.True))],
            TimeSpan.FromSeconds(30)
        );
        var attached = (await Get<PresenceStore>().Attach([attaching], ct))[0];
        if (attached.Error is null)
            _fences[id] = await MakeReady(attached.Value);
        return attached.Error?.Reason ?? "ok";
    }

    private async Task<SessionFence> MakeReady(AttachedSession session)
    {
        var (presence, at) = (session.Presence, DateTimeOffset.UtcNow);
        var synced = StatusMachine.Step(session.State, new StatusFact.Synced(), at);
        if (!synced.SameStatus(session.State))
            await Get<PresenceStore>()
                .Append(presence.ProviderId, presence.Epoch, presence.OwnerId, [synced.ToEvent(presence.Epoch)], ct);
        return new SessionFence(presence.ProviderId, presence.Epoch, presence.OwnerId);
    }

    private async Task<string> FinishDeleting()
    {
        foreach (var fence in _fences.Values)
        {
            var deleting = (await Get<WorkspaceView>().Unfinished([fence.ProviderId], ct)).Where(w =>
                w.Desired == DesiredState.Deleted
            );
            var reports = deleting.ToDictionary(
                w => w.WorkspaceId,
                w => new ObserveWorkspace(
                    fence.ProviderId,
                    fence.Epoch,
                    w.Generation,
                    ++_reports,
                    ObservedState.Deleted,
                    "",
                    "",
                    DateTimeOffset.UtcNow
                )
            );
            if (reports.Count > 0)
                await Get<WorkspaceCommands>().Observe(fence, reports, ct);
        }

        return "ok";
    }

    private T Get<T>()
        where T : notnull => plane.Services.GetRequiredService<T>();

    private static string Answer<T>(Result<T> result) =>
        result.Error is not { } error ? "ok"
        : error.Reason == ErrorReasons.PlacementRefused
            ? $"{error.Reason} {string.Join(',', error.Preconditions.Select(p => p.Type))}"
        : error.Reason;
}
