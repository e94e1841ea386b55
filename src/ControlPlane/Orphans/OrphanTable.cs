namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>
/// Where orphans are kept: what a provider's last complete snapshot held. Not events, for nobody here has decided
/// anything: the next snapshot replaces them.
/// </summary>
internal static class OrphanTable
{
    public const string Name = "mesh.mesh_orphan";

    /// <summary>How many a provider has beyond those that are kept one by one.</summary>
    public const string Rest = "mesh.mesh_orphan_rest";

    /// <summary>Kept of one provider, the lowest ids first; the rest is counted.</summary>
    public const int MostKept = 1_000;

    /// <summary>True of a row whose id the store has come to know since the snapshot.</summary>
    public const string Known =
        $"exists (select 1 from mesh.mt_doc_workspace w where w.id = 'workspace-' || {Name}.workspace_id)";

    public const string Schema = $$"""
        create table if not exists {{Name}} (
            provider_id text not null,
            workspace_id text not null,
            generation bigint not null,
            state text not null,
            name text not null,
            image text not null,
            cpu text not null,
            memory text not null,
            disk text not null,
            command text[] not null,
            storage_class text not null,
            first_seen timestamptz not null default now(),
            last_seen timestamptz not null default now(),
            primary key (provider_id, workspace_id)
        );
        alter table {{Name}} add column if not exists env_names text[] not null default '{}';
        alter table {{Name}} add column if not exists env_values text[] not null default '{}';
        alter table {{Name}} add column if not exists env_from text[] not null default '{}';
        alter table {{Name}} add column if not exists restarted bigint not null default 0;
        create table if not exists {{Rest}} (
            provider_id text primary key,
            count integer not null
        );
        """;
}
