using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// What a workspace has besides its volume and its Deployment: a Service, a ServiceAccount and a NetworkPolicy. They
/// hardly ever change: the Deployment carries the hash of those that it was applied with, and a start or a stop stays one
/// apply, as long as nobody else changes them.
/// </summary>
internal sealed class Companions
{
    private readonly IReadOnlyList<Companion> _all;
    private readonly WorkspaceDesired _desired;

    private Companions(WorkspaceDesired desired, IReadOnlyList<Companion> all)
    {
        (_desired, _all) = (desired, all);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var companion in all)
            hash.AppendData(companion.Json());
        Hash = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>Of all that they say but the generation.</summary>
    public string Hash { get; }

    public static Companions Of(DriverIdentity identity, WorkspaceDesired desired) =>
        new(
            desired,
            [
                new Companion<V1ServiceAccount>(
                    ApiResource.Of(WorkspaceKinds.ServiceAccount),
                    Manifests.ServiceAccount(identity, desired),
                    ManifestJsonContext.Default.V1ServiceAccount
                ),
                new Companion<V1NetworkPolicy>(
                    ApiResource.Of(WorkspaceKinds.NetworkPolicy),
                    Manifests.NetworkPolicy(identity, desired),
                    ManifestJsonContext.Default.V1NetworkPolicy
                ),
                new Companion<V1Service>(
                    ApiResource.Of(WorkspaceKinds.Service),
                    Manifests.Service(identity, desired),
                    ManifestJsonContext.Default.V1Service
                ),
            ]
        );

    /// <summary>Whether this is applied once more: somebody else may have deleted or changed what was applied.</summary>
    public static bool MayHaveChanged(DeploymentObject deployment, WorkspaceDesired desired) =>
        // 0: it has lost the annotation.
        ObservedStates.Generation(deployment.Metadata)
            is var applied
        && (applied == desired.Generation || applied == 0);

    /// <summary>Whether they have to be applied: there is no Deployment yet, it has others, or it can't make its pod.</summary>
    public bool Due(DeploymentObject? deployment) =>
        deployment is null
        || MayHaveChanged(deployment, _desired)
        || deployment.Metadata.Annotations?.Companions != Hash
        || ObservedStates.PodRefused(deployment);

    /// <returns>Whether all of them are as they should be; what isn't is kept by <paramref name="tried"/>.</returns>
    /// <exception cref="ClusterException">One of them exists and is somebody else's.</exception>
    public async Task<bool> Apply(
        KubernetesApi api,
        DriverIdentity identity,
        OwnApply own,
        Attempts tried,
        CancellationToken ct
    )
    {
        var there = new PlainObject?[_all.Count];
        var read = await Task.WhenAll(
            _all.Select((c, i) => tried.Try(async () => there[i] = await api.Get(c.Resource, c.Metadata.Name, ct)))
        );
        for (var i = 0; i < _all.Count; i++)
            Ownership.Demand(identity, _all[i].Resource, there[i]?.Metadata);
        var all = true;
        for (var i = 0; i < _all.Count; i++)
            all &= read[i] && await Apply(_all[i], there[i], own, tried, ct);
        return all;
    }

    private static Task<bool> Apply(
        Companion companion,
        PlainObject? there,
        OwnApply own,
        Attempts tried,
        CancellationToken ct
    )
    {
        // Of these kinds none that isn't there yet can be tied to that: the API server refuses any version.
        if (there is not null)
            Precondition.On(companion.Metadata, there.Metadata);
        // Without the account that it runs as no pod is made.
        var essential = there is null && companion.Resource.Plural == WorkspaceKinds.ServiceAccount.Resource;
        return tried.Try(
            () => companion.Apply(own, ct),
            e => new ClusterRefusal(
                e.Code,
                $"The {companion.Resource.Singular} was not {(there is null ? "made" : "changed")}: {e.Message}",
                essential
            )
        );
    }

    private abstract class Companion(ApiResource<PlainObject> resource, V1ObjectMeta metadata)
    {
        public ApiResource<PlainObject> Resource => resource;

        public V1ObjectMeta Metadata => metadata;

        public abstract byte[] Json();

        public abstract Task Apply(OwnApply own, CancellationToken ct);
    }

    private sealed class Companion<T>(ApiResource<PlainObject> resource, T manifest, JsonTypeInfo<T> type)
        : Companion(resource, manifest.Metadata)
        where T : IManifest
    {
        public override byte[] Json() => JsonSerializer.SerializeToUtf8Bytes(manifest, type);

        public override Task Apply(OwnApply own, CancellationToken ct) => own.Apply(Resource, manifest, type, ct);
    }
}
