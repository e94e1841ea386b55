using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>An event of another stream that concerns a provider.</summary>
/// <param name="PreviousDefault">For a change of the default provider: id of the previous one.</param>
internal sealed record ProviderMention(long Sequence, string? PreviousDefault);

/// <summary>
/// Index of events that concern a provider but belong to other streams: allowlists to their organization's, the default
/// provider to the deployment's. A trigger maintains the table, so that replicas of 0.1.0 fill it too.
/// </summary>
internal static class ProviderMentions
{
    private const string Table = "mesh.mesh_provider_mention";

    /// <summary>
    /// Selects provider, sequence and previous default of older events. Creating the trigger blocks appends until it is
    /// committed, so this reads only events of organizations and of the deployment.
    /// </summary>
    public const string Earlier = $"""
        select distinct p, e.seq_id, e.previous
        from (
            select seq_id, data ->> 'ProviderId' as provider,
                case when type = 'deployment.default_provider_set.v1'
                  then lag(data ->> 'ProviderId') over (partition by stream_id, type order by version) end as previous
            from {Tables.Events}
            where stream_id = any(array(select id from {Tables.Organizations} union all select '{StreamKeys.Deployment}'))
              and type in ('deployment.default_provider_set.v1', 'organization.provider_allowed.v1',
                'organization.provider_disallowed.v1')
        ) e, unnest(array[e.provider, e.previous]) p
        where p is not null
        """;

    /// <summary>Creates and fills the table once.</summary>
    public const string Schema = $$"""
        create table if not exists {{Table}} (
            provider_id text not null,
            seq bigint not null,
            previous text,
            primary key (provider_id, seq)
        );
        create or replace function mesh.mesh_provider_mentioned() returns trigger language plpgsql as $function$
        declare
            provider text := new.data ->> 'ProviderId';
            previous text;
        begin
            if new.type = 'deployment.default_provider_set.v1' then
                select e.data ->> 'ProviderId' into previous from {{Tables.Events}} e
                where e.stream_id = new.stream_id and e.version < new.version and e.type = new.type
                order by e.version desc limit 1;
            end if;
            insert into {{Table}} (provider_id, seq, previous)
            select distinct p, new.seq_id, previous from unnest(array[provider, previous]) p where p is not null
            on conflict do nothing;
            return null;
        end $function$;
        do $once$ begin
            if not exists (
                select 1 from pg_trigger where tgname = 'mesh_provider_mentioned'
                and tgrelid = '{{Tables.Events}}'::regclass
            ) then
                create trigger mesh_provider_mentioned after insert on {{Tables.Events}} for each row
                when (new.type in ('deployment.default_provider_set.v1', 'organization.provider_allowed.v1',
                    'organization.provider_disallowed.v1'))
                execute function mesh.mesh_provider_mentioned();
                insert into {{Table}} (provider_id, seq, previous) {{Earlier}} on conflict do nothing;
            end if;
        end $once$;
        """;

    /// <param name="upTo">Highest sequence to return.</param>
    /// <returns>The newest ones, newest first.</returns>
    public static async Task<IReadOnlyList<ProviderMention>> Newest(
        NpgsqlDataSource database,
        string providerId,
        long upTo,
        int size,
        CancellationToken ct
    )
    {
        await using var command = database.CreateCommand(
            $"select seq, previous from {Table} where provider_id = $1 and seq <= $2 order by seq desc limit $3"
        );
        command.Parameters.AddWithValue(providerId);
        command.Parameters.AddWithValue(upTo);
        command.Parameters.AddWithValue(size);
        var found = new List<ProviderMention>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            found.Add(
                new ProviderMention(rows.GetInt64(0), await rows.IsDBNullAsync(1, ct) ? null : rows.GetString(1))
            );
        return found;
    }
}
