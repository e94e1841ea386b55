using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>
/// Calls a driver to fulfil the desired state of a workspace, and converts the outcome to a change of its record.
/// </summary>
internal sealed class ClusterCall(IClusterDriver driver, TimeProvider time, ILogger logger)
{
    // A driver limits each of its requests, and a slow cluster needs the time of all of them. This limit is for calls
    // that never end.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <remarks>Does not throw for failures of the cluster or faults of the driver.</remarks>
    public async Task<(Func<WorkspaceRecord, WorkspaceRecord> Change, string Result)> Do(
        WorkspaceRecord record,
        DriverIdentity identity,
        CancellationToken ct
    )
    {
        var (generation, drift) = (record.DesiredGeneration, record.Differences);
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            var answer = await Ask(record, identity, both.Token);
            if (record.Failure is { Transient: true } failure)
                logger.ClusterSucceeded(record.Id, generation, failure.Attempts);
            return answer;
        }
        catch (ClusterException e)
        {
            var message = CleanText.Clean(Advised(record, e.Code, e.Message));
            var failure = new Failure(e.Code, message, e.Transient, time.GetUtcNow(), e.RetryAfter);
            var level = LevelOf(record, e.Transient);
            logger.ClusterRefused(level, record.Id, generation, e.Code, failure.Message, e.Transient);
            return (r => r.Failed(record, failure, drift), e.Transient ? "transient" : "refused");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            logger.ClusterTooSlow(record.Id, generation, Limit);
            var message = $"The cluster took longer than {Limit.TotalMinutes:0} minutes.";
            var failure = new Failure(ClusterCodes.ClusterTimeout, message, Transient: true, time.GetUtcNow());
            return (r => r.Failed(record, failure, drift), "transient");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A fault with one workspace must not end a worker that all others need.
            logger.DriverFault(e, record.Id, generation);
            const string Message = "The agent had an unexpected error; see its log.";
            var failure = new Failure(ClusterCodes.AgentFault, Message, Transient: true, time.GetUtcNow());
            return (r => r.Failed(record, failure, drift), "fault");
        }
    }

    private async Task<(Func<WorkspaceRecord, WorkspaceRecord> Change, string Result)> Ask(
        WorkspaceRecord record,
        DriverIdentity identity,
        CancellationToken ct
    )
    {
        if (record.Desired is { } desired)
        {
            var drift = record.Differences;
            if (await driver.Apply(identity, desired, ct) is not { } refusal)
                return (r => r.Applied(desired, drift), "done");
            var (message, now) = (CleanText.Clean(Advised(record, refusal.Code, refusal.Message)), time.GetUtcNow());
            var level = record.Refused?.Code == refusal.Code ? LogLevel.Debug : LogLevel.Warning;
            logger.ClusterRefused(level, record.Id, desired.Generation, refusal.Code, message, false);
            return (r => r.Applied(desired, refusal with { Message = message }, now, drift), "refused");
        }

        var found = await driver.Remove(identity, record.Id, ct);
        return (r => r.RemoveAnswered(record, found), "done");
    }

    /// <summary>Adds advice to a conflict with another field manager.</summary>
    private static string Advised(WorkspaceRecord record, string code, string message) =>
        code == ClusterCodes.FieldConflict && record.Desired is { } desired
            ? $"{message}. \"mesh workspaces update {desired.Name} --take-ownership\" takes over what others have; or set it back "
                + $"there, and try again: \"mesh workspaces {(desired.Power == WorkspacePower.Running ? "start" : "stop")} {desired.Name}\"."
            : message;

    // Logged as a warning when it is new and when it is reported. Otherwise each attempt of each workspace would be
    // logged while a cluster is unavailable.
    private static LogLevel LevelOf(WorkspaceRecord record, bool transient)
    {
        var attempts = (record.Failure?.Attempts ?? 0) + 1;
        return !transient || attempts is 1 or WorkspaceRecord.AttemptsUntilReported ? LogLevel.Warning : LogLevel.Debug;
    }
}
