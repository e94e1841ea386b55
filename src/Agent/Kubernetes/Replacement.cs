using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;
using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Determines whether the desired state replaces the pod of a Deployment. Pure functions.</summary>
internal static class Replacement
{
    public static bool IsDue(DeploymentObject deployment, ClaimObject? claim, WorkspaceDesired desired)
    {
        var held = Inventory.Describe(new WorkspaceObjects(deployment, claim, []));
        return held.RestartGeneration != desired.RestartGeneration
            // A spec that is too long to be described is assumed to be equal.
            || (held.Spec is { } spec && !Same(spec, desired.Spec));
    }

    // The disk is not part of the pod.
    private static bool Same(WorkspaceSpec one, WorkspaceSpec other) =>
        one.Image == other.Image
        && Equal(one.Cpu, other.Cpu)
        && Equal(one.Memory, other.Memory)
        && one.Command.Equals(other.Command)
        && one.Env.Equals(other.Env)
        && one.EnvFrom.Equals(other.EnvFrom);

    private static bool Equal(string one, string other) =>
        one == other
        || (one.Length > 0 && new ResourceQuantity(one).ToDecimal() == new ResourceQuantity(other).ToDecimal());
}
