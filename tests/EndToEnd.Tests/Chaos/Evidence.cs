using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Kubernetes;
using Npgsql;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Reads what store and cluster have in the end, with none of the product's own code.</summary>
internal static class Evidence
{
    private static readonly string[] Resources =
    [
        "deployments",
        "replicasets",
        "pods",
        "persistentvolumeclaims",
        "services",
        "serviceaccounts",
        "networkpolicies",
        "secrets",
    ];

    private static readonly Dictionary<string, EventKind> Kinds = new()
    {
        ["workspace.created.v1"] = EventKind.Created,
        ["workspace.start_requested.v1"] = EventKind.StartRequested,
        ["workspace.stop_requested.v1"] = EventKind.StopRequested,
        ["workspace.delete_requested.v1"] = EventKind.DeleteRequested,
        ["workspace.observed.v1"] = EventKind.Observed,
        ["workspace.generation_raised.v1"] = EventKind.GenerationRaised,
        ["workspace.lost.v1"] = EventKind.Lost,
    };

    public static async Task<IReadOnlyList<StoredEvent>> Events(Store store, CancellationToken ct)
    {
        await using var connection = await store.Connect(ct);
        await using var command = new NpgsqlCommand(
            """
            select stream_id, type, data::text, coalesce(causation_id, '') from mesh.mt_events
            where type like 'workspace.%' and type <> 'workspace.desired_state_repeated.v1' order by stream_id, version
            """,
            connection
        );
        await using var rows = await command.ExecuteReaderAsync(ct);
        var events = new List<StoredEvent>();
        while (await rows.ReadAsync(ct))
        {
            using var json = JsonDocument.Parse(rows.GetString(2));
            var (kind, data) = (Kinds[rows.GetString(1)], json.RootElement);
            events.Add(
                new StoredEvent(
                    rows.GetString(0)["workspace-".Length..],
                    kind,
                    data.TryGetProperty("Generation", out var generation) ? generation.GetInt64() : 1,
                    kind == EventKind.Observed ? "" : rows.GetString(3),
                    kind == EventKind.Created ? data.GetProperty("Name").GetString()! : "",
                    kind == EventKind.Observed
                        ? Enum.Parse<State>(data.GetProperty("State").GetString()!)
                        : State.Pending
                )
            );
        }

        return events;
    }

    public static async Task<IReadOnlyList<StoredWorkspace>> Workspaces(Store store, CancellationToken ct)
    {
        await using var connection = await store.Connect(ct);
        await using var command = new NpgsqlCommand(
            """
            select data ->> 'WorkspaceId', (data ->> 'Generation')::bigint, data ->> 'Desired', data ->> 'State'
            from mesh.mt_doc_workspace
            """,
            connection
        );
        await using var rows = await command.ExecuteReaderAsync(ct);
        var all = new List<StoredWorkspace>();
        while (await rows.ReadAsync(ct))
            all.Add(new(rows.GetString(0), rows.GetInt64(1), rows.GetString(2), Enum.Parse<State>(rows.GetString(3))));
        return all;
    }

    public static async Task<IReadOnlyList<ClusterObject>> Objects(TestNamespace ns, CancellationToken ct)
    {
        var all = new List<ClusterObject>();
        foreach (var resource in Resources)
            all.AddRange(
                (await ns.List(resource, ct)).Where(o => !IsAnAccounts(resource, o)).Select(o => Object(resource, o))
            );
        return all;
    }

    // The namespace's and the agent's own accounts, and the Secrets that controllers make for any.
    private static bool IsAnAccounts(string resource, JsonNode o) =>
        o["type"]?.GetValue<string>() == "kubernetes.io/service-account-token"
        || (resource == "serviceaccounts" && o["metadata"]!["labels"] is null);

    private static ClusterObject Object(string resource, JsonNode o)
    {
        var metadata = o["metadata"]!;
        var generation = metadata["annotations"]?["mesh.coder.com/generation"]?.GetValue<string>();
        return new ClusterObject(
            resource,
            metadata["name"]!.GetValue<string>(),
            metadata["labels"]?["mesh.coder.com/workspace-id"]?.GetValue<string>() ?? "",
            long.Parse(generation ?? "0", CultureInfo.InvariantCulture),
            resource == "deployments" ? o["spec"]!["replicas"]!.GetValue<int>() : null
        );
    }
}
