namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Names of the indexes that rules depend on, and the predicates of the partial ones.</summary>
internal static class Indexes
{
    /// <summary>The name of the unique index that keeps a living provider's name to itself.</summary>
    public const string ProviderNameIndex = "ux_provider_name";

    /// <summary>The same for a workspace's name within organization and owner.</summary>
    public const string WorkspaceNameIndex = "ux_workspace_name";

    /// <summary>The same for the namespace that a provider's agent works in.</summary>
    public const string NamespaceIndex = "ux_presence_namespace";

    public const string OrganizationNameIndex = "ux_organization_name";

    /// <summary>As Marten renders <c>!x.Deleted</c>: only a query with the very predicate of a partial index uses it.</summary>
    public const string Living = "((data ->> 'Deleted') is null or (data ->> 'Deleted')::boolean = false)";

    /// <summary>As Marten renders <c>x.Finished</c>.</summary>
    public const string Ended = "((data ->> 'Finished')::boolean = true)";

    /// <inheritdoc cref="Living"/>
    public const string Unfinished = "((data ->> 'Finished') is null or (data ->> 'Finished')::boolean = false)";

    /// <summary>Few, whatever is there: every list of providers asks for them.</summary>
    public const string VolumeCreatedAnew = Unfinished + " and (data ->> 'VolumeCreatedAnewAt') is not null";
}
