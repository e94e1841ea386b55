using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Whether a volume claim has to be applied, and as what: most of it can't change once it is there.</summary>
internal static class ClaimPlan
{
    /// <returns>
    /// Null if the claim there is as it should be: a start or stop is one apply, and applying an unchanged claim would
    /// raise its resourceVersion for nothing. It then keeps the generation that it was last applied from.
    /// </returns>
    public static V1PersistentVolumeClaim? For(DriverIdentity identity, WorkspaceDesired desired, ClaimObject? there)
    {
        if (there is null)
        {
            var storageClass = desired.StorageClass is { Length: > 0 } named ? named : null;
            return Manifests.Claim(identity, desired, storageClass);
        }

        // A storage class is for new volumes only.
        var wanted = Manifests.Claim(identity, desired, there.Spec?.StorageClassName);
        return Same(wanted, there) ? null : wanted;
    }

    private static bool Same(V1PersistentVolumeClaim wanted, ClaimObject there)
    {
        var labels = there.Metadata.Labels;
        return labels is not null
            && wanted.Metadata.Labels[Names.Resource] == labels.Resource
            && wanted.Metadata.Labels[Names.WorkspaceId] == labels.WorkspaceId
            && wanted.Metadata.Labels[Names.DeploymentId] == labels.DeploymentId
            && there.Spec?.Resources?.Requests?.Storage is { } size
            && new ResourceQuantity(size).ToDecimal() == wanted.Spec.Resources.Requests["storage"].ToDecimal();
    }
}
