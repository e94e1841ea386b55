using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// What a workspace has besides its volume and its Deployment: a Service, a ServiceAccount and a NetworkPolicy. They
/// hardly ever change, so that they aren't watched: the Deployment carries the hash of those that it was applied with, and
/// a start or a stop stays one apply.
/// </summary>
internal sealed class Companions
{
    private readonly IReadOnlyList<Companion> _all;

    private Companions(IReadOnlyList<Companion> all)
    {
        _all = all;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var companion in all)
            hash.AppendData(companion.Json());
        Hash = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>Of all that they say but the generation.</summary>
    public string Hash { get; }

    public static Companions Of(DriverIdentity identity, WorkspaceDesired desired) =>
        new([
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
        ]);

    /// <summary>Whether they have to be applied: there is no Deployment yet, it has others, or it can't make its pod.</summary>
    public bool Due(DeploymentObject? deployment) =>
        deployment is null
        || deployment.Metadata.Annotations?.Companions != Hash
        || ObservedStates.PodRefused(deployment);

    /// <returns>Whether all of them are as they should be; what isn't is kept by <paramref name="tried"/>.</returns>
    /// <exception cref="ClusterException">One of them exists and is somebody else's.</exception>
    public async Task<bool> Apply(KubernetesApi api, DriverIdentity identity, Attempts tried, CancellationToken ct)
    {
        var there = new PlainObject?[_all.Count];
        var read = await Task.WhenAll(
            _all.Select((c, i) => tried.Try(async () => there[i] = await api.Get(c.Resource, c.Metadata.Name, ct)))
        );
        for (var i = 0; i < _all.Count; i++)
            Ownership.Demand(identity, _all[i].Resource, there[i]?.Metadata);
        var all = true;
        for (var i = 0; i < _all.Count; i++)
            all &= read[i] && await Apply(_all[i], there[i], api, identity, tried, ct);
        return all;
    }

    private static Task<bool> Apply(
        Companion companion,
        PlainObject? there,
        KubernetesApi api,
        DriverIdentity identity,
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
            () => companion.Apply(api, Names.FieldManager(identity), ct),
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

        public abstract Task Apply(KubernetesApi api, string manager, CancellationToken ct);
    }

    private sealed class Companion<T>(ApiResource<PlainObject> resource, T manifest, JsonTypeInfo<T> type)
        : Companion(resource, manifest.Metadata)
        where T : IManifest
    {
        public override byte[] Json() => JsonSerializer.SerializeToUtf8Bytes(manifest, type);

        public override Task Apply(KubernetesApi api, string manager, CancellationToken ct) =>
            api.Apply(Resource, Metadata.Name, manifest, type, manager, force: false, ct);
    }
}
