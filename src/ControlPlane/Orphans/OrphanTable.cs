using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>
/// Tables of the orphans in each provider's last complete snapshot. They are not events, because they record no
/// decision: the next snapshot replaces them.
/// </summary>
internal static class OrphanTable
{
    public const string Name = "mesh.mesh_orphan";

    /// <summary>Number of orphans of a provider beyond those in the main table.</summary>
    public const string Rest = "mesh.mesh_orphan_rest";

    /// <summary>
    /// Maximum number of stored orphans per provider, those with the lowest ids; the others are counted.
    /// </summary>
    public const int MaxKept = 1_000;

    /// <summary>True for a row whose workspace was stored since the snapshot.</summary>
    public const string Known =
        $"exists (select 1 from {Tables.Workspaces} w where w.id = '{StreamKeys.WorkspacePrefix}' || {Name}.workspace_id)";

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
