namespace Coder.Mesh.Load.Scale;

/// <summary>
/// Copies the templates' rows: every column stays as the product wrote it, but for ids, names, times and what refers to
/// them. Each statement writes streams, events and snapshots of one kind.
/// </summary>
internal static class FillSql
{
    /// <summary>Helpers of the filling connection only. Ids are as the product's: they rise with time.</summary>
    public const string Helpers = """
        create function pg_temp.at(ms bigint) returns timestamptz language sql immutable
            return to_timestamp(ms / 1000.0);
        create function pg_temp.id(kind text, n bigint, ms bigint) returns text language sql immutable
            return lpad(to_hex(ms), 12, '0') || '7' || left(md5(kind || n), 3) || '8' || right(md5(kind || n), 15);
        create function pg_temp.timed(data jsonb, at timestamptz) returns jsonb language sql immutable
            return case when data ? 'At' then data || jsonb_build_object('At', at) else data end;
        create temp table template (name text primary key, id text not null);
        """;

    // 90 days ago, and from there on in steps that end an hour ago.
    private const string Since = "(extract(epoch from now()) * 1000)::bigint - 90 * 86400000::bigint";

    public static string Plan(Layout layout) =>
        $"""
            create temp table p as
            select n, n % {layout.Groups} as g, n / {layout.Groups} as j, ms, pg_temp.id('provider', n, ms) as id,
                pg_temp.id('token', n, ms) as token, encode(sha256(convert_to('token' || n, 'UTF8')), 'hex') as hash,
                'provider-' || lpad(n::text, 5, '0') as name,
                'region-' || lpad(((n + n / {layout.Groups}) % {Layout.Regions})::text, 2, '0') as region,
                case when n / {layout.Groups} % 10 = 3 then {Layout.Maximum} else 0 end as maximum,
                case when n / {layout.Groups} % 20 = 5 then '{Templates.Cordoned}'
                    when n / {layout.Groups} % 10 = 8 then '{Templates.Error}'
                    when n / {layout.Groups} % 10 = 9 then '{Templates.Pending}'
                    else '{Templates.Ready}' end as template
            from (select n, {Since} + n * 1000 as ms from generate_series(0, {layout.Providers - 1}) n) s;
            create temp table o as
            select n, ms, pg_temp.id('organization', n, ms) as id, 'organization-' || lpad(n::text, 3, '0') as name
            from (select n, {Since} + n * 60000 as ms from generate_series(0, {layout.Organizations - 1}) n) s;
            create temp table allowed as
            select o.n as o, p.id, row_number() over (partition by o.n order by p.n) as nr
            from o join p on p.g = o.n % {layout.Groups} or (o.n = 0 and p.n % 10 = 0);
            create temp table member as
            select g, id, row_number() over (partition by g order by j) - 1 as nr, count(*) over (partition by g) as size
            from p where template <> '{Templates.Pending}';
            create unique index on member (g, nr);
            create temp table w as
            select i, s.ms, pg_temp.id('workspace', i, s.ms) as id, o.id as organization, m.id as provider,
                'user-' || lpad((abs(hashint4(i + 1000000)) % {Layout.Owners})::text, 4, '0') as owner,
                'workspace-' || lpad(i::text, 6, '0') as name,
                case when s.nr <= {layout.AllWorkspaces - layout.Workspaces} then '{TemplateAgent.Deleted}'
                    when kind < 90 then '{TemplateAgent.Running}' when kind < 95 then '{TemplateAgent.Stopped}'
                    when kind < 97 then '{TemplateAgent.Failed}' when kind < 98 then '{TemplateAgent.Pending}'
                    when kind < 99 then '{TemplateAgent.Starting}' else '{TemplateAgent.Deleting}' end as template
            from (
                select i, abs(hashint4(i)) % 100 as kind, row_number() over (order by hashint4(i + 500000)) as nr,
                    {Since} + i * (90 * 86400000::bigint - 3600000) / {layout.AllWorkspaces} as ms
                from generate_series(0, {layout.AllWorkspaces - 1}) i) s
            join o on o.n = i % {layout.Organizations}
            join member m on m.g = o.n % {layout.Groups} and m.nr = (i / {layout.Organizations}) % m.size;
            analyze p; analyze o; analyze allowed; analyze member; analyze w;
            """;

    public const string Providers = """
        insert into mesh.mt_streams
        select r.* from p join template t on t.name = p.template join mesh.mt_streams s on s.id = 'provider-' || t.id,
            jsonb_populate_record(s, jsonb_build_object('id', 'provider-' || p.id,
                'timestamp', pg_temp.at(p.ms), 'created', pg_temp.at(p.ms))) r;
        insert into mesh.mt_events
        select r.* from (
            select p.*, e, e.version as v from p join template t on t.name = p.template
            join mesh.mt_events e on e.stream_id = 'provider-' || t.id order by p.n, e.version offset 0) p,
            jsonb_populate_record(p.e, jsonb_build_object('id', gen_random_uuid(),
                'seq_id', nextval('mesh.mt_events_sequence'), 'stream_id', 'provider-' || p.id,
                'timestamp', pg_temp.at(p.ms + v),
                'data', pg_temp.timed((p.e).data || case (p.e).type
                    when 'provider.registered.v1' then jsonb_build_object('ProviderId', p.id, 'Name', p.name, 'Details',
                        (p.e).data -> 'Details' || jsonb_build_object('Region', region, 'MaxWorkspaces', maximum))
                    when 'provider.token_issued.v1' then jsonb_build_object('TokenId', token, 'Hash', hash)
                    else '{}' end, pg_temp.at(p.ms)))) r;
        insert into mesh.mt_doc_provider
        select r.* from p join template t on t.name = p.template join mesh.mt_doc_provider d on d.id = 'provider-' || t.id,
            jsonb_populate_record(d, jsonb_build_object('id', 'provider-' || p.id, 'data', d.data || jsonb_build_object(
                'Id', 'provider-' || p.id, 'ProviderId', p.id, 'Name', p.name, 'CreatedAt', pg_temp.at(p.ms),
                'Details', d.data -> 'Details' || jsonb_build_object('Region', region, 'MaxWorkspaces', maximum),
                'Tokens', jsonb_build_array(d.data -> 'Tokens' -> 0
                    || jsonb_build_object('TokenId', token, 'Hash', hash, 'IssuedAt', pg_temp.at(p.ms)))))) r;
        insert into mesh.mt_doc_tokenrecord
        select r.* from p join template t on t.name = p.template
            join mesh.mt_doc_tokenrecord d on d.data ->> 'Subject' = t.id,
            jsonb_populate_record(d, jsonb_build_object('id', hash, 'data', d.data || jsonb_build_object(
                'Id', hash, 'TokenId', token, 'Subject', p.id, 'IssuedAt', pg_temp.at(p.ms)))) r;
        """;

    /// <summary>
    /// Copies of an attached agent's presence name the replica that holds the template's session: a living one, so
    /// nobody takes them for abandoned.
    /// </summary>
    public const string Presences = """
        insert into mesh.mt_streams
        select r.* from p join template t on t.name = p.template join mesh.mt_streams s on s.id = 'presence-' || t.id,
            jsonb_populate_record(s, jsonb_build_object('id', 'presence-' || p.id,
                'timestamp', pg_temp.at(p.ms), 'created', pg_temp.at(p.ms))) r;
        insert into mesh.mt_events
        select r.* from (
            select p.*, e, e.version as v from p join template t on t.name = p.template
            join mesh.mt_events e on e.stream_id = 'presence-' || t.id order by p.n, e.version offset 0) p,
            jsonb_populate_record(p.e, jsonb_build_object('id', gen_random_uuid(),
                'seq_id', nextval('mesh.mt_events_sequence'), 'stream_id', 'presence-' || p.id,
                'timestamp', pg_temp.at(p.ms + v),
                'data', pg_temp.timed((p.e).data || case (p.e).type
                    when 'presence.started.v1' then jsonb_build_object('ProviderId', p.id)
                    when 'presence.agent_connected.v1' then jsonb_build_object('TokenId', token,
                        'OwnerId', md5('owner' || p.n), 'Agent', (p.e).data -> 'Agent'
                            || jsonb_build_object('NamespaceUid', md5('namespace' || p.n)::uuid))
                    else '{}' end, pg_temp.at(p.ms + v)))) r;
        insert into mesh.mt_doc_providerpresence
        select r.* from p join template t on t.name = p.template
            join mesh.mt_doc_providerpresence d on d.id = 'presence-' || t.id,
            jsonb_populate_record(d, jsonb_build_object('id', 'presence-' || p.id, 'data', d.data || jsonb_build_object(
                'Id', 'presence-' || p.id, 'ProviderId', p.id, 'StatusAt', pg_temp.at(p.ms))
                || case when d.data ->> 'NamespaceUid' is null then '{}' else jsonb_build_object(
                    'NamespaceUid', md5('namespace' || p.n)::uuid, 'OwnerId', md5('owner' || p.n),
                    'UsedTokens', jsonb_build_array(token), 'AgentSince', pg_temp.at(p.ms),
                    'Agent', d.data -> 'Agent' || jsonb_build_object('NamespaceUid', md5('namespace' || p.n)::uuid))
                    end)) r;
        """;

    public const string Organizations = """
        create temp table o_size as select o, count(*) as size from allowed group by o;
        insert into mesh.mt_streams
        select r.* from o join o_size z on z.o = o.n join mesh.mt_streams s
            on s.id = 'organization-' || (select id from template where name = 'organization'),
            jsonb_populate_record(s, jsonb_build_object('id', 'organization-' || o.id, 'version', 2 + z.size,
                'timestamp', pg_temp.at(o.ms), 'created', pg_temp.at(o.ms))) r;
        insert into mesh.mt_events
        select r.* from (
            select o.id, o.ms, o.n, e, e.version::bigint as v, case e.type when 'organization.created.v1'
                then jsonb_build_object('OrganizationId', o.id, 'Name', o.name) else '{}' end as change
            from o join mesh.mt_events e
                on e.stream_id = 'organization-' || (select id from template where name = 'organization') and e.version <= 2
            union all
            select o.id, o.ms, o.n, e, 2 + a.nr, jsonb_build_object('ProviderId', a.id)
            from o join allowed a on a.o = o.n join mesh.mt_events e
                on e.stream_id = 'organization-' || (select id from template where name = 'organization') and e.version = 3
            order by n, v offset 0) o,
            jsonb_populate_record(o.e, jsonb_build_object('id', gen_random_uuid(),
                'seq_id', nextval('mesh.mt_events_sequence'), 'stream_id', 'organization-' || o.id, 'version', v,
                'timestamp', pg_temp.at(o.ms + v),
                'data', pg_temp.timed((o.e).data || change, pg_temp.at(o.ms)))) r;
        insert into mesh.mt_doc_organization
        select r.* from o
            join (select o, jsonb_agg(id order by nr) as ids, count(*) as size from allowed group by o) a on a.o = o.n
            join mesh.mt_doc_organization d
                on d.id = 'organization-' || (select id from template where name = 'organization'),
            jsonb_populate_record(d, jsonb_build_object('id', 'organization-' || o.id, 'mt_version', 2 + a.size,
                'data', d.data || jsonb_build_object('Id', 'organization-' || o.id, 'OrganizationId', o.id,
                    'Name', o.name, 'CreatedAt', pg_temp.at(o.ms), 'Version', 2 + a.size,
                    'AllowedProviders', jsonb_build_array(d.data -> 'AllowedProviders' -> 0) || a.ids))) r;
        """;

    /// <summary>
    /// What isn't a column (yet) is passed over; where such a field is one, it mustn't be the template's.
    /// </summary>
    public const string Workspaces = """
        insert into mesh.mt_streams
        select r.* from w join template t on t.name = w.template join mesh.mt_streams s on s.id = 'workspace-' || t.id,
            jsonb_populate_record(s, jsonb_build_object('id', 'workspace-' || w.id,
                'timestamp', pg_temp.at(w.ms), 'created', pg_temp.at(w.ms))) r;
        insert into mesh.mt_events
        select r.* from (
            select w.*, e, e.version as v from w join template t on t.name = w.template
            join mesh.mt_events e on e.stream_id = 'workspace-' || t.id order by w.i, e.version offset 0) w,
            jsonb_populate_record(w.e, jsonb_build_object('id', gen_random_uuid(),
                'seq_id', nextval('mesh.mt_events_sequence'), 'stream_id', 'workspace-' || w.id,
                'timestamp', pg_temp.at(w.ms + v),
                'data', pg_temp.timed((w.e).data || case (w.e).type
                    when 'workspace.created.v1' then jsonb_build_object('WorkspaceId', w.id, 'OrganizationId', organization,
                        'Owner', owner, 'Name', w.name, 'ProviderId', provider)
                    else '{}' end, pg_temp.at(w.ms + v)))) r;
        insert into mesh.mt_doc_workspace
        select r.* from w join template t on t.name = w.template
            join mesh.mt_doc_workspace d on d.id = 'workspace-' || t.id,
            jsonb_populate_record(d, jsonb_build_object('id', 'workspace-' || w.id,
                'organization_id', organization, 'provider_id', provider, 'owner', owner, 'name', w.name, 'data', d.data || jsonb_build_object(
                'Id', 'workspace-' || w.id, 'WorkspaceId', w.id, 'OrganizationId', organization, 'Owner', owner,
                'Name', w.name, 'ProviderId', provider, 'CreatedAt', pg_temp.at(w.ms), 'StateAt', pg_temp.at(w.ms)))) r;
        """;

    /// <summary>The first provider's agent has come and gone many times.</summary>
    public static readonly string LongHistory = $"""
        create temp table h as
        select 'presence-' || p.id as key, ms, max(e.version) as last
        from p join mesh.mt_events e on e.stream_id = 'presence-' || p.id where n = 0 group by p.id, ms;
        insert into mesh.mt_events
        select r.* from (
            select h.*, v, e from h, generate_series(h.last + 1, {Layout.LongHistory}) v
            join mesh.mt_events e on true
            where e.stream_id = h.key and e.version = 2 + (v - 2) % (h.last - 1) order by v offset 0) h,
            jsonb_populate_record(h.e, jsonb_build_object('id', gen_random_uuid(),
                'seq_id', nextval('mesh.mt_events_sequence'), 'version', v, 'timestamp', pg_temp.at(h.ms + 60000 * v),
                'data', pg_temp.timed((h.e).data, pg_temp.at(h.ms + 60000 * v)))) r;
        update mesh.mt_streams set version = {Layout.LongHistory} where id = (select key from h);
        update mesh.mt_doc_providerpresence set mt_version = {Layout.LongHistory},
            data = data || '{"{"}"Version": {Layout.LongHistory}{"}"}' where id = (select key from h);
        """;
}
