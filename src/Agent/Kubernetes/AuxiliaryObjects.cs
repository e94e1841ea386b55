using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// The objects of a workspace besides volume and Deployment: Service, ServiceAccount and NetworkPolicy. They rarely
/// change. The Deployment carries the hash of those it was applied with, so that a start or stop is a single apply
/// unless somebody else has changed them.
/// </summary>
internal sealed class AuxiliaryObjects
{
    private readonly IReadOnlyList<AuxiliaryObject> _all;
    private readonly WorkspaceDesired _desired;

    private AuxiliaryObjects(WorkspaceDesired desired, IReadOnlyList<AuxiliaryObject> all)
    {
        (_desired, _all) = (desired, all);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var item in all)
            hash.AppendData(item.Json());
        Hash = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>Hash of their content without the generation.</summary>
    public string Hash { get; }

    public static AuxiliaryObjects Of(DriverIdentity identity, WorkspaceDesired desired) =>
        new(
            desired,
            [
                new AuxiliaryObject<V1ServiceAccount>(
                    ApiResource.Of(WorkspaceKinds.ServiceAccount),
                    Manifests.ServiceAccount(identity, desired),
                    ManifestJsonContext.Default.V1ServiceAccount
                ),
                new AuxiliaryObject<V1NetworkPolicy>(
                    ApiResource.Of(WorkspaceKinds.NetworkPolicy),
                    Manifests.NetworkPolicy(identity, desired),
                    ManifestJsonContext.Default.V1NetworkPolicy
                ),
                new AuxiliaryObject<V1Service>(
                    ApiResource.Of(WorkspaceKinds.Service),
                    Manifests.Service(identity, desired),
                    ManifestJsonContext.Default.V1Service
                ),
            ]
        );

    /// <summary>Whether to apply them again because somebody else may have deleted or changed them.</summary>
    public static bool MayHaveChanged(DeploymentObject deployment, WorkspaceDesired desired) =>
        // 0 if the annotation was removed.
        ObservedStates.Generation(deployment.Metadata)
            is var applied
        && (applied == desired.Generation || applied == 0);

    /// <summary>
    /// Whether to apply them: there is no Deployment, it was applied with others, or its pod cannot be created.
    /// </summary>
    public bool Due(DeploymentObject? deployment) =>
        deployment is null
        || MayHaveChanged(deployment, _desired)
        || deployment.Metadata.Annotations?.AuxiliaryObjects != Hash
        || ObservedStates.PodRefused(deployment);

    /// <returns>Whether all of them are as desired; refusals are collected by <paramref name="tried"/>.</returns>
    /// <exception cref="ClusterException">One of them exists and belongs to somebody else.</exception>
    public async Task<bool> Apply(
        KubernetesApi api,
        DriverIdentity identity,
        ManagedApply own,
        Attempts tried,
        CancellationToken ct
    )
    {
        var there = new PlainObject?[_all.Count];
        var read = await Task.WhenAll(
            _all.Select((c, i) => tried.Try(async () => there[i] = await api.Get(c.Resource, c.Metadata.Name, ct)))
        );
        for (var i = 0; i < _all.Count; i++)
            Ownership.Require(identity, _all[i].Resource, there[i]?.Metadata);
        var all = true;
        for (var i = 0; i < _all.Count; i++)
            all &= read[i] && await Apply(_all[i], there[i], own, tried, ct);
        return all;
    }

    private static Task<bool> Apply(
        AuxiliaryObject item,
        PlainObject? there,
        ManagedApply own,
        Attempts tried,
        CancellationToken ct
    )
    {
        // An object that does not exist yet cannot be tied to that: the API server refuses any version for these kinds.
        if (there is not null)
            Precondition.On(item.Metadata, there.Metadata);
        // Without its ServiceAccount, the pod is not created.
        var essential = there is null && item.Resource.Plural == WorkspaceKinds.ServiceAccount.Resource;
        return tried.Try(
            () => item.Apply(own, ct),
            e => new ClusterRefusal(
                e.Code,
                $"The {item.Resource.Singular} was not {(there is null ? "made" : "changed")}: {e.Message}",
                essential
            )
        );
    }

    private abstract class AuxiliaryObject(ApiResource<PlainObject> resource, V1ObjectMeta metadata)
    {
        public ApiResource<PlainObject> Resource => resource;

        public V1ObjectMeta Metadata => metadata;

        public abstract byte[] Json();

        public abstract Task Apply(ManagedApply own, CancellationToken ct);
    }

    private sealed class AuxiliaryObject<T>(ApiResource<PlainObject> resource, T manifest, JsonTypeInfo<T> type)
        : AuxiliaryObject(resource, manifest.Metadata)
        where T : IManifest
    {
        public override byte[] Json() => JsonSerializer.SerializeToUtf8Bytes(manifest, type);

        public override Task Apply(ManagedApply own, CancellationToken ct) => own.Apply(Resource, manifest, type, ct);
    }
}
