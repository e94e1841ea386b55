using System.Text.Json;
using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

// A pod as the agent writes it; see ManifestObjects.

internal sealed record V1PodSpec
{
    public JsonElement? Affinity { get; init; }

    public bool? AutomountServiceAccountToken { get; init; }

    public IList<V1Container>? Containers { get; init; }

    public bool? EnableServiceLinks { get; init; }

    public IList<V1LocalObjectReference>? ImagePullSecrets { get; init; }

    public IDictionary<string, string>? NodeSelector { get; init; }

    public string? SchedulerName { get; init; }

    public V1PodSecurityContext? SecurityContext { get; init; }

    public string? ServiceAccountName { get; init; }

    public IList<V1Toleration>? Tolerations { get; init; }

    public IList<V1Volume>? Volumes { get; init; }
}

internal sealed record V1LocalObjectReference
{
    public required string Name { get; init; }
}

internal sealed record V1PodSecurityContext
{
    public long? FsGroup { get; init; }

    public long? RunAsGroup { get; init; }

    public bool? RunAsNonRoot { get; init; }

    public long? RunAsUser { get; init; }

    public V1SeccompProfile? SeccompProfile { get; init; }
}

internal sealed record V1SeccompProfile
{
    public string? Type { get; init; }
}

internal sealed record V1Container
{
    public IList<string>? Command { get; init; }

    public IList<V1EnvVar>? Env { get; init; }

    public IList<V1EnvFromSource>? EnvFrom { get; init; }

    public string? Image { get; init; }

    public required string Name { get; init; }

    public V1ResourceRequirements? Resources { get; init; }

    public V1SecurityContext? SecurityContext { get; init; }

    public IList<V1VolumeMount>? VolumeMounts { get; init; }

    public string? WorkingDir { get; init; }
}

internal sealed record V1EnvVar
{
    public required string Name { get; init; }

    public string? Value { get; init; }
}

internal sealed record V1EnvFromSource
{
    public V1SecretEnvSource? SecretRef { get; init; }
}

internal sealed record V1SecretEnvSource
{
    public string? Name { get; init; }
}

internal sealed record V1ResourceRequirements
{
    public IDictionary<string, ResourceQuantity>? Limits { get; init; }

    public IDictionary<string, ResourceQuantity>? Requests { get; init; }
}

internal sealed record V1SecurityContext
{
    public bool? AllowPrivilegeEscalation { get; init; }

    public V1Capabilities? Capabilities { get; init; }

    public bool? Privileged { get; init; }

    public bool? RunAsNonRoot { get; init; }
}

internal sealed record V1Capabilities
{
    public IList<string>? Drop { get; init; }
}

internal sealed record V1VolumeMount
{
    public string? MountPath { get; init; }

    public required string Name { get; init; }
}

internal sealed record V1Volume
{
    public required string Name { get; init; }

    public V1PersistentVolumeClaimVolumeSource? PersistentVolumeClaim { get; init; }
}

internal sealed record V1PersistentVolumeClaimVolumeSource
{
    public string? ClaimName { get; init; }
}

internal sealed record V1Toleration
{
    public string? Effect { get; init; }

    public string? Key { get; init; }

    public string? Operator { get; init; }

    public long? TolerationSeconds { get; init; }

    public string? Value { get; init; }
}
