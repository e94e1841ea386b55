namespace Coder.Mesh.Docs.Tests.Layout;

/// <summary>
/// Which folder of a project may use which others. A project's own folder puts the parts together and may use all;
/// nothing uses what is in it. A line may only name folders of lines above it, so that no two folders use each other.
/// </summary>
internal static class Directions
{
    public static readonly IReadOnlyDictionary<string, string> Of = new Dictionary<string, string>
    {
        ["ControlPlane"] = """
            Base:
            Observability:
            Storage: Base
            AccessLog: Base Observability Storage
            Deployment: Base Storage
            Replicas: Storage
            Identity: Base Storage AccessLog
            Edge: Base Observability Identity
            Providers: Base Storage Deployment Replicas Identity
            Api/Json: Base Edge
            Organizations: Base Storage Providers
            Presence: Base Observability Storage Replicas Providers
            Workspaces: Base Observability Storage Deployment Providers Organizations
            Orphans: Base Observability Storage Providers Organizations Workspaces
            Mapping: Base Deployment Providers Organizations Workspaces Orphans
            Removal: Base Storage Deployment Providers Organizations Workspaces Orphans
            History: Base Storage Deployment Providers Organizations Workspaces Mapping
            Watches: Base Observability Storage Deployment Replicas Providers Organizations Workspaces Mapping
            Agents: Base Observability Storage AccessLog Deployment Replicas Identity Edge Providers Presence Workspaces Orphans Mapping Watches
            Operations: Base Observability Storage Deployment Identity Providers Organizations Workspaces Orphans Mapping Removal History Watches
            Api/Calls: Base Observability Storage AccessLog Identity Edge Api/Json Agents
            Api/CallLimits: Base Storage AccessLog Identity Edge Api/Json Watches Api/Calls
            Api: Base Identity Edge Watches Operations Api/CallLimits
            Settings: Storage Agents Api/CallLimits
            Hosting: Base Observability Storage AccessLog Deployment Replicas Identity Edge Providers Organizations Presence Workspaces Orphans Watches Agents Api/Calls Api
            """,
        ["Cli"] = """
            Errors:
            Rendering: Errors
            CommandLine: Errors Rendering
            Connection: Errors Rendering CommandLine
            Listing: Errors Rendering CommandLine
            CallFailures: Errors Rendering Connection
            Commands: Errors Rendering CommandLine Connection Listing CallFailures
            Completion: Errors Rendering CommandLine Connection Commands
            Contexts: Errors Rendering CommandLine Connection Listing Commands
            Deployment: Errors Rendering CommandLine Connection Commands
            Tokens: Errors Rendering CommandLine Listing Commands
            Watching: Errors Rendering CallFailures Commands
            Providers: Errors Rendering CommandLine Connection Listing Commands Watching
            Organizations: Errors Rendering CommandLine Listing Commands Watching Providers
            Workspaces: Errors Rendering CommandLine Connection Listing CallFailures Commands Watching Providers
            Orphans: Errors Rendering CommandLine Listing Commands Workspaces
            """,
        ["Agent"] = """
            Base:
            Configuration:
            Observability:
            Clusters:
            Kubernetes: Observability Clusters
            Reconcile: Base Observability Clusters
            Simulated: Clusters
            Connection: Base Configuration Observability Clusters Reconcile
            Health: Connection
            """,
    };

    /// <returns>Folders by name, in the order of the lines, with those that they may use.</returns>
    public static IReadOnlyList<(string Folder, string[] MayUse)> Read(string project) =>
        [
            .. Of[project]
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(':', StringSplitOptions.TrimEntries))
                .Select(parts => (parts[0], parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))),
        ];
}
