using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Determines whether to apply a volume claim, and how: most of it is immutable.</summary>
/// <param name="Manifest">
/// Null if the claim is as desired. A start or stop is then a single apply, and the claim keeps the generation that it
/// was last applied from.
/// </param>
/// <param name="Refusal">What cannot be done at all.</param>
internal sealed record VolumePlan(V1PersistentVolumeClaim? Manifest, ClusterRefusal? Refusal = null)
{
    private string? There { get; init; }

    private string Wanted { get; init; } = "";

    private bool Grows { get; init; }

    public static VolumePlan For(DriverIdentity identity, WorkspaceDesired desired, ClaimObject? there)
    {
        if (there is null)
        {
            var storageClass = desired.StorageClass is { Length: > 0 } named ? named : null;
            return new VolumePlan(Manifests.Claim(identity, desired, desired.Spec.Disk, storageClass));
        }

        // A storage class applies to new volumes only, and a size to smaller ones.
        var size = there.Spec?.Resources?.Requests?.Storage;
        var order = size is null ? 1 : Number(desired.Spec.Disk).CompareTo(Number(size));
        var wanted = Manifests.Claim(
            identity,
            desired,
            order < 0 ? size! : desired.Spec.Disk,
            there.Spec?.StorageClassName
        );
        return new VolumePlan(
            order <= 0 && SameLabels(wanted, there) && Ownership.Applied(identity, there.Metadata) ? null : wanted,
            order < 0
                ? new ClusterRefusal(
                    ClusterCodes.DiskResizeRefused,
                    $"The disk has {size} and can't shrink to {desired.Spec.Disk}."
                )
                : null
        )
        {
            There = size,
            Wanted = desired.Spec.Disk,
            Grows = order > 0,
        };
    }

    /// <summary>Describes the API server's refusal of the manifest.</summary>
    public ClusterRefusal Refused(ClusterException refused) =>
        There is null ? new ClusterRefusal(refused.Code, $"The disk was not made: {refused.Message}", Essential: true)
        : Grows
            ? new ClusterRefusal(
                // A missing permission does not concern this disk.
                refused.Code == ClusterCodes.PermissionsInsufficient
                    ? refused.Code
                    : ClusterCodes.DiskResizeRefused,
                $"The disk still has {There}; the cluster refused to make it {Wanted}: {refused.Message}"
            )
        : new ClusterRefusal(refused.Code, $"The disk's labels were not changed: {refused.Message}");

    private static bool SameLabels(V1PersistentVolumeClaim wanted, ClaimObject there) =>
        there.Metadata is { Labels: { } labels, Annotations: { } annotations }
        // It has to carry a generation, no matter which.
        && ObservedStates.Generation(there.Metadata) > 0
        && (
            wanted.Metadata.Annotations?.TryGetValue(Names.WorkspaceName, out var name) != true
            || name == annotations.WorkspaceName
        )
        && wanted.Metadata.Labels[Names.ManagedBy] == labels.ManagedBy
        && wanted.Metadata.Labels[Names.ProviderId] == labels.ProviderId
        && wanted.Metadata.Labels[Names.Resource] == labels.Resource
        && wanted.Metadata.Labels[Names.WorkspaceId] == labels.WorkspaceId
        && wanted.Metadata.Labels[Names.DeploymentId] == labels.DeploymentId;

    private static decimal Number(string quantity) => new ResourceQuantity(quantity).ToDecimal();
}
