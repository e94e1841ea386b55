using System.Text.Json.Serialization;
using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The library's models of the objects that the agent applies. Its own context would root every model.</summary>
/// <remarks>
/// They are only ever written, so what is generated writes them and no more: what describes each of their properties for
/// readers is a fifth of the agent's native code.
/// </remarks>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Serialization,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(V1Deployment))]
[JsonSerializable(typeof(V1NetworkPolicy))]
[JsonSerializable(typeof(V1PersistentVolumeClaim))]
[JsonSerializable(typeof(V1Service))]
[JsonSerializable(typeof(V1ServiceAccount))]
internal sealed partial class ManifestJsonContext : JsonSerializerContext;
