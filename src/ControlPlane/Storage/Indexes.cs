namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Names of the indexes that rules depend on, and predicates of the partial ones.</summary>
internal static class Indexes
{
    /// <summary>Unique index of the names of existing providers.</summary>
    public const string ProviderNameIndex = "ux_provider_name";

    /// <summary>Unique index of the names of unfinished workspaces, within organization and owner.</summary>
    public const string WorkspaceNameIndex = "ux_workspace_name";

    /// <summary>Unique index of the namespaces that providers are bound to.</summary>
    public const string NamespaceIndex = "ux_presence_namespace";

    public const string OrganizationNameIndex = "ux_organization_name";

    /// <summary>
    /// As rendered by Marten for <c>!x.Deleted</c>: a partial index is used only by queries with the same predicate.
    /// </summary>
    public const string NotDeleted = "((data ->> 'Deleted') is null or (data ->> 'Deleted')::boolean = false)";

    /// <summary>As rendered by Marten for <c>x.Finished</c>.</summary>
    public const string Ended = "((data ->> 'Finished')::boolean = true)";

    /// <inheritdoc cref="NotDeleted"/>
    public const string Unfinished = "((data ->> 'Finished') is null or (data ->> 'Finished')::boolean = false)";

    /// <summary>Matches few rows in any deployment. Queried by every list of providers.</summary>
    public const string VolumeCreatedAnew = Unfinished + " and (data ->> 'VolumeCreatedAnewAt') is not null";
}
