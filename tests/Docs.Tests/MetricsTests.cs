using System.Net;
using Coder.Mesh.Agent.Connection;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Npgsql;

namespace Coder.Mesh.Docs.Tests;

/// <summary>Each metric is in the documentation with kind, unit and tags, and the documentation has no other.</summary>
public sealed class MetricsTests
{
    [Fact]
    public void Metrics_of_the_control_plane_are_those_of_the_documentation()
    {
        using var recorded = new RecordedMetrics();
        var metrics = new AgentStreamMetrics(recorded.Meters);
        metrics.Opened();
        foreach (var end in Enum.GetValues<SessionEnd>())
            metrics.Closed(end, TimeSpan.Zero);
        foreach (var frame in Enum.GetValues<ConnectRequest.FrameOneofCase>())
            metrics.Received(frame);
        foreach (var frame in Enum.GetValues<ConnectResponse.FrameOneofCase>())
            metrics.Sent(frame);
        metrics.Refused(ErrorReasons.ProviderDeleted);
        metrics.Refused(ErrorReasons.VersionUnsupported);
        metrics.Refused(ErrorReasons.NamespaceTaken);
        metrics.Refused(ErrorReasons.NamespaceChanged);
        metrics.Refused(ErrorReasons.ClusterMismatch);
        metrics.Refused(ErrorReasons.TooManySessions);
        metrics.Refused(ErrorReasons.TooManyAttaches);
        metrics.Refused(ErrorReasons.AttachBacklog);
        metrics.Refused(ErrorReasons.AuthenticationBusy);
        metrics.Refused(ErrorReasons.HelloTimeout);
        metrics.Refused(ErrorReasons.TokenMissing);
        metrics.Refused(ErrorReasons.TokenInvalid);
        metrics.Refused(ErrorReasons.PermissionDenied);
        metrics.Refused(ErrorReasons.StoreUnavailable);
        metrics.Refused(ErrorReasons.ProtocolViolation);
        var watches = new WatchMetrics(recorded.Meters);
        watches.Opened();
        watches.Ended(ErrorReasons.ResumeTokenExpired);
        watches.Ended(ErrorReasons.WatchTooSlow);
        watches.Ended(ErrorReasons.TooManyWatches);
        watches.Ended(ErrorReasons.TokenInvalid);

        var api = new ApiMetrics(recorded.Meters);
        foreach (var reason in Reasons())
            api.Refused(reason);
        using var database = NpgsqlDataSource.Create("Host=nowhere");
        using var fleet = new FleetMetrics(recorded.Meters, database, TimeProvider.System);
        fleet.Take(new Dictionary<(string, string), long>());
        recorded.RecordGauges();

        Assert.Equal(recorded.Rows(), Documented("## Metrics of the control plane"));
    }

    [Fact]
    public void Metrics_of_the_agent_are_those_of_the_documentation()
    {
        using var recorded = new RecordedMetrics();
        var metrics = new AgentMetrics(recorded.Meters);
        metrics.Attached();
        foreach (var outcome in Enum.GetValues<DisconnectKind>())
            metrics.DialEnded(outcome.Tag());
        foreach (var frame in Enum.GetValues<ConnectRequest.FrameOneofCase>())
            metrics.FrameSent(frame);
        foreach (var frame in Enum.GetValues<ConnectResponse.FrameOneofCase>())
            metrics.FrameReceived(frame);
        foreach (var result in (string[])["done", "transient", "refused", "fault"])
        {
            metrics.Reconciled("apply", result, TimeSpan.Zero);
            metrics.Reconciled("remove", result, TimeSpan.Zero);
        }

        metrics.Probed(reachable: true);
        metrics.Probed(reachable: false);
        RequestEverything(new KubernetesMetrics(recorded.Meters));

        Assert.Equal(recorded.Rows(), Documented("## Metrics of the agent"));
    }

    private static void RequestEverything(KubernetesMetrics metrics)
    {
        string[] resources =
        [
            .. RequiredPermissions.In("ns").Select(p => p.Resource.Split('/')[0]),
            "selfsubjectaccessreviews",
            "selfsubjectrulesreviews",
            "storageclasses",
            "version",
        ];
        foreach (var resource in resources)
        foreach (var verb in (string[])["apply", "create", "delete", "get", "list", "scale", "watch"])
            metrics.Requested(verb, resource, null);
        for (var status = 200; status < 600; status += 100)
            metrics.Requested("get", "pods", (HttpStatusCode)status);
        metrics.Requested("get", "pods", HttpStatusCode.TooManyRequests);
    }

    /// <summary>The reasons that calls may be refused for.</summary>
    private static IEnumerable<string> Reasons() =>
        Document.Read("errors.md").Under("## Calls").Rows().Select(r => r[0].Trim('`'));

    private static List<string> Tag(string text) =>
        text.Contains("(errors.md#calls)", StringComparison.Ordinal)
            ? [.. Document.Words(text), .. Reasons()]
            : [.. Document.Words(text)];

    private static IEnumerable<string> Documented(string heading) =>
        Document
            .Read("observability.md")
            .Under(heading)
            .Rows()
            .Select(r =>
                RecordedMetrics.Row(
                    r[0].Trim('`'),
                    r[1],
                    r[2].Trim('`'),
                    r[3].Split(';').Select(Tag).Where(words => words.Count > 0)
                )
            )
            .Order(StringComparer.Ordinal);
}
