using System.Text.Json.Serialization;
using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>All JSON that goes to and comes from the API server. The library's own context would root every model.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ObjectList<DeploymentObject>))]
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
[JsonSerializable(typeof(RulesReview))]
[JsonSerializable(typeof(AccessReview))]
[JsonSerializable(typeof(ObjectList<PlainObject>))]
[JsonSerializable(typeof(V1Affinity))]
[JsonSerializable(typeof(V1Deployment))]
[JsonSerializable(typeof(V1NetworkPolicy))]
[JsonSerializable(typeof(V1Service))]
[JsonSerializable(typeof(V1ServiceAccount))]
[JsonSerializable(typeof(V1PersistentVolumeClaim))]
internal sealed partial class KubernetesJsonContext : JsonSerializerContext;
