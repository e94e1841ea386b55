using System.Text.Json.Serialization;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The objects that the agent applies. They are only written.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Serialization,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(V1Deployment))]
[JsonSerializable(typeof(V1DeploymentStop))]
[JsonSerializable(typeof(V1NetworkPolicy))]
[JsonSerializable(typeof(V1PersistentVolumeClaim))]
[JsonSerializable(typeof(V1Service))]
[JsonSerializable(typeof(V1ServiceAccount))]
internal sealed partial class ManifestJsonContext : JsonSerializerContext;
