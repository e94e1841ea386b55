using System.Text.Json.Serialization;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>All JSON that is received from the API server, and reviews.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ObjectList<DeploymentObject>))]
[JsonSerializable(typeof(ObjectList<DeploymentContent>))]
[JsonSerializable(typeof(PatchOperation[]))]
[JsonSerializable(typeof(ObjectList<ClaimObject>))]
[JsonSerializable(typeof(ObjectList<PodObject>))]
[JsonSerializable(typeof(ObjectList<EventObject>))]
[JsonSerializable(typeof(ObjectList<StorageClassObject>))]
[JsonSerializable(typeof(NamespaceObject))]
[JsonSerializable(typeof(ServerVersion))]
[JsonSerializable(typeof(StorageClassObject))]
[JsonSerializable(typeof(WatchEvent))]
[JsonSerializable(typeof(ApiStatus))]
[JsonSerializable(typeof(DeleteOptions))]
[JsonSerializable(typeof(ScalePatch))]
[JsonSerializable(typeof(RulesReview))]
[JsonSerializable(typeof(AccessReview))]
[JsonSerializable(typeof(ObjectList<PlainObject>))]
internal sealed partial class KubernetesJsonContext : JsonSerializerContext;
