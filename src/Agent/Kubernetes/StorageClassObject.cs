using System.Text.Json.Serialization;

namespace Coder.Mesh.Agent.Kubernetes;

internal sealed record StorageClassObject(StorageClassObject.StorageClassMeta Metadata)
{
    [JsonIgnore]
    public bool IsDefault => Metadata.Annotations is { Default: "true" } or { FormerDefault: "true" };

    internal sealed record StorageClassMeta(string Name, StorageClassAnnotations? Annotations = null);

    internal sealed record StorageClassAnnotations(
        [property: JsonPropertyName("storageclass.kubernetes.io/is-default-class")] string? Default = null,
        [property: JsonPropertyName("storageclass.beta.kubernetes.io/is-default-class")] string? FormerDefault = null
    );
}
