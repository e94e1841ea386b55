using System.Text.Json.Serialization.Metadata;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>A namespaced resource of the API.</summary>
/// <param name="Group">Empty for the core group.</param>
internal record ApiResource(string Group, string Plural, string Singular)
{
    public static readonly ApiResource<DeploymentObject> Deployments = new(
        WorkspaceKinds.Deployment.Group,
        WorkspaceKinds.Deployment.Resource,
        WorkspaceKinds.Deployment.Singular,
        KubernetesJsonContext.Default.DeploymentObject,
        KubernetesJsonContext.Default.ObjectListDeploymentObject
    );

    public static readonly ApiResource<DeploymentContent> DeploymentContents = new(
        WorkspaceKinds.Deployment.Group,
        WorkspaceKinds.Deployment.Resource,
        WorkspaceKinds.Deployment.Singular,
        KubernetesJsonContext.Default.DeploymentContent,
        KubernetesJsonContext.Default.ObjectListDeploymentContent
    );

    public static readonly ApiResource<ClaimObject> Claims = new(
        WorkspaceKinds.Volume.Group,
        WorkspaceKinds.Volume.Resource,
        WorkspaceKinds.Volume.Singular,
        KubernetesJsonContext.Default.ClaimObject,
        KubernetesJsonContext.Default.ObjectListClaimObject
    );

    public static readonly ApiResource<PodObject> Pods = new(
        "",
        "pods",
        "pod",
        KubernetesJsonContext.Default.PodObject,
        KubernetesJsonContext.Default.ObjectListPodObject
    );

    public static readonly ApiResource<EventObject> Events = new(
        "",
        "events",
        "event",
        KubernetesJsonContext.Default.EventObject,
        KubernetesJsonContext.Default.ObjectListEventObject
    );

    /// <summary>Objects of one kind, of which only the owner is read.</summary>
    public static ApiResource<PlainObject> Of(WorkspaceKind kind) =>
        new(
            kind.Group,
            kind.Resource,
            kind.Singular,
            KubernetesJsonContext.Default.PlainObject,
            KubernetesJsonContext.Default.ObjectListPlainObject
        );

    public string Path(string ns) =>
        $"{(Group.Length == 0 ? "api/v1" : $"apis/{Group}/v1")}/namespaces/{Uri.EscapeDataString(ns)}/{Plural}";

    public string Path(string ns, string name) => $"{Path(ns)}/{Uri.EscapeDataString(name)}";
}

/// <summary>A resource that the agent reads.</summary>
internal sealed record ApiResource<T>(
    string Group,
    string Plural,
    string Singular,
    JsonTypeInfo<T> One,
    JsonTypeInfo<ObjectList<T>> Many
) : ApiResource(Group, Plural, Singular);
