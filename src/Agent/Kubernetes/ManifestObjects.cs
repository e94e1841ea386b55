using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

// The parts of Kubernetes' objects that the agent writes, with the API's names and order. docs/adr/0006 explains why
// these are not the library's models.

/// <summary>An object that the agent applies.</summary>
internal interface IManifest
{
    string ApiVersion { get; }

    string Kind { get; }

    V1ObjectMeta Metadata { get; }
}

internal sealed record V1ObjectMeta
{
    public IDictionary<string, string>? Annotations { get; init; }

    public required IDictionary<string, string> Labels { get; init; }

    public required string Name { get; init; }

    public string? ResourceVersion { get; set; }

    public string? Uid { get; set; }
}

/// <summary>Metadata of a pod template.</summary>
internal sealed record V1PodTemplateMeta
{
    public IDictionary<string, string>? Annotations { get; init; }

    public required IDictionary<string, string> Labels { get; init; }
}

internal sealed record V1LabelSelector
{
    public IDictionary<string, string>? MatchLabels { get; init; }
}

internal sealed record V1PersistentVolumeClaim : IManifest
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public required V1PersistentVolumeClaimSpec Spec { get; init; }
}

internal sealed record V1PersistentVolumeClaimSpec
{
    public IList<string>? AccessModes { get; init; }

    public required V1VolumeResourceRequirements Resources { get; init; }

    public string? StorageClassName { get; init; }
}

internal sealed record V1VolumeResourceRequirements
{
    public required IDictionary<string, ResourceQuantity> Requests { get; init; }
}

internal sealed record V1ServiceAccount : IManifest
{
    public required string ApiVersion { get; init; }

    public bool? AutomountServiceAccountToken { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }
}

internal sealed record V1Service : IManifest
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public V1ServiceSpec? Spec { get; init; }
}

internal sealed record V1ServiceSpec
{
    public string? ClusterIP { get; init; }

    public IDictionary<string, string>? Selector { get; init; }
}

internal sealed record V1NetworkPolicy : IManifest
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public V1NetworkPolicySpec? Spec { get; init; }
}

internal sealed record V1NetworkPolicyIngressRule;

internal sealed record V1NetworkPolicySpec
{
    public IList<V1NetworkPolicyIngressRule>? Ingress { get; init; }

    public V1LabelSelector? PodSelector { get; init; }

    public IList<string>? PolicyTypes { get; init; }
}

/// <summary>A Deployment of which only the number of pods is applied.</summary>
internal sealed record V1DeploymentStop : IManifest
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public required V1DeploymentStopSpec Spec { get; init; }
}

internal sealed record V1DeploymentStopSpec
{
    public required int Replicas { get; init; }
}

internal sealed record V1Deployment : IManifest
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public V1DeploymentSpec? Spec { get; init; }
}

internal sealed record V1DeploymentSpec
{
    public bool? Paused { get; init; }

    public int? Replicas { get; init; }

    public int? RevisionHistoryLimit { get; init; }

    public V1LabelSelector? Selector { get; init; }

    public V1DeploymentStrategy? Strategy { get; init; }

    public V1PodTemplateSpec? Template { get; init; }
}

internal sealed record V1DeploymentStrategy
{
    public string? Type { get; init; }
}

internal sealed record V1PodTemplateSpec
{
    public V1PodTemplateMeta? Metadata { get; init; }

    public V1PodSpec? Spec { get; init; }
}
