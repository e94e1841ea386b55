using System.Net;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Checks that the storage class of new volumes exists. Classes are cluster-wide, so that a namespaced Role cannot
/// allow the check; the condition is unknown then.
/// </summary>
internal sealed class StorageProbe(KubernetesApi api, WelcomedDetails details, TimeProvider time)
{
    private const string Resource = "storageclasses";
    private const string ListPath = "apis/storage.k8s.io/v1/storageclasses";

    // Classes rarely change, and with most Roles each check is a refused request.
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private Answer? _last;

    /// <summary>Checks the class. A check without an answer keeps the result of an earlier one.</summary>
    /// <exception cref="ApiException">The first check had no conclusive answer.</exception>
    /// <exception cref="ClusterException">The first check was not answered.</exception>
    public async Task<ProbedCondition> Check(CancellationToken ct)
    {
        var wanted = details.StorageClass;
        if (wanted is null)
            return Unknown("The control plane has not sent the provider's storage class yet.");
        var known = _last is { } last && last.Class == wanted ? last : null;
        if (known is not null && time.GetElapsedTime(known.At) < Interval)
            return known.Condition;
        try
        {
            var condition = wanted.Length > 0 ? await CheckNamed(wanted, ct) : await CheckDefault(ct);
            _last = new Answer(wanted, time.GetTimestamp(), condition);
            return condition;
        }
        catch (Exception e) when (known is not null && e is ApiException or ClusterException)
        {
            return known.Condition;
        }
    }

    private async Task<ProbedCondition> CheckNamed(string name, CancellationToken ct)
    {
        try
        {
            var path = $"{ListPath}/{Uri.EscapeDataString(name)}";
            await api.Read("get", Resource, path, KubernetesJsonContext.Default.StorageClassObject, ct);
            return Ready;
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return Missing($"There is no storage class \"{name}\", which the provider's details name.");
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return NotAllowed($"get storageclasses.storage.k8s.io/{name}");
        }
    }

    private async Task<ProbedCondition> CheckDefault(CancellationToken ct)
    {
        try
        {
            var type = KubernetesJsonContext.Default.ObjectListStorageClassObject;
            var classes = await api.Read("list", Resource, ListPath, type, ct);
            return classes.Items?.Any(c => c.IsDefault) == true
                ? Ready
                : Missing("The provider's details name no storage class, and the cluster has no default one.");
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return NotAllowed("list storageclasses.storage.k8s.io");
        }
    }

    private static ProbedCondition Ready { get; } = new(ConditionTypes.StorageReady, ConditionStatus.True);

    private static ProbedCondition Missing(string message) =>
        new(ConditionTypes.StorageReady, ConditionStatus.False, ClusterCodes.StorageClassMissing, message);

    private static ProbedCondition NotAllowed(string check) =>
        Unknown(
            "Storage classes belong to the whole cluster, and the agent's Role to its namespace: that it may not "
                + $"{check} is as it should be."
        );

    private static ProbedCondition Unknown(string message) =>
        new(ConditionTypes.StorageReady, ConditionStatus.Unknown, ClusterCodes.NotDetermined, message);

    private sealed record Answer(string Class, long At, ProbedCondition Condition);
}
