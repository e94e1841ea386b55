using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Reconcile;

/// <param name="Interval">The time between two probes of a cluster whose state is known.</param>
internal sealed record ProbeOptions(TimeSpan Interval);

/// <summary>Probes the cluster repeatedly and publishes the resulting readiness.</summary>
internal sealed class ProbeLoop(
    IClusterDriver driver,
    ClusterStatus status,
    ServerClock clock,
    ProbeOptions options,
    AgentMetrics metrics,
    TimeProvider time,
    ILogger<ProbeLoop> logger
) : BackgroundService
{
    // A driver has a shorter limit of its own, and better messages.
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(8);

    // Until the state is known, an unreachable cluster should be reported after three seconds instead of fifteen.
    private static readonly TimeSpan FirstInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var readiness = Readiness.Unknown(status.InitialFacts, time.GetUtcNow());
        try
        {
            while (true)
            {
                var began = time.GetTimestamp();
                var probe = WithClock(await Probe(stoppingToken));
                var next = readiness.Probed(probe, time.GetUtcNow());
                LogChanges(readiness, next);
                readiness = next;
                status.Publish(next);

                var interval = next.Decided ? options.Interval : FirstInterval;
                var rest = interval - time.GetElapsedTime(began);
                await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    private async Task<ClusterProbe> Probe(CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(ProbeLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        ClusterProbe probe;
        try
        {
            probe = await driver.Probe(both.Token).WaitAsync(both.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            probe = Unreachable($"The cluster did not answer within {ProbeLimit.TotalSeconds:0} s.");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.ProbeFault(e);
            probe = Unreachable("The agent had an unexpected error while it checked the cluster; see its log.");
        }

        metrics.Probed(Readiness.IsReachable(probe));
        return probe;
    }

    private ClusterProbe WithClock(ClusterProbe probe) =>
        clock.Condition is { } condition ? probe with { Conditions = [.. probe.Conditions, condition] } : probe;

    private ClusterProbe Unreachable(string message) =>
        new(
            "",
            status.InitialFacts,
            [
                .. ConditionTypes.Required.Select(type =>
                    type == ConditionTypes.ClusterReachable
                        ? new ProbedCondition(type, ConditionStatus.False, ClusterCodes.ClusterUnreachable, message)
                        : new ProbedCondition(type, ConditionStatus.Unknown, ClusterCodes.ClusterUnreachable, message)
                ),
            ]
        );

    private void LogChanges(Readiness before, Readiness now)
    {
        if (now.NamespaceUid != before.NamespaceUid)
            logger.IdentityKnown(now.Facts.Namespace, now.NamespaceUid);
        foreach (var condition in now.Conditions)
            if (!before.Conditions.Any(c => c.Type == condition.Type && c.Status == condition.Status))
                logger.ConditionChanged(condition.Type, condition.Status, Why(condition.Code, condition.Message));
    }

    // A true condition may have neither code nor message.
    private static string Why(string code, string message)
    {
        var why = string.Join(' ', ((string[])[code, message]).Where(s => s.Length > 0));
        return why.Length > 0 ? $": {why}" : "";
    }
}
