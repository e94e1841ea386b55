namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Names of the tables that Marten makes, for queries that it cannot express. A test compares them with Marten's own.
/// </summary>
internal static class Tables
{
    public const string Schema = "mesh";
    public const string Events = $"{Schema}.mt_events";
    public const string Streams = $"{Schema}.mt_streams";
    public const string Organizations = $"{Schema}.mt_doc_organization";
    public const string Presences = $"{Schema}.mt_doc_providerpresence";
    public const string Providers = $"{Schema}.mt_doc_provider";
    public const string Workspaces = $"{Schema}.mt_doc_workspace";
}
