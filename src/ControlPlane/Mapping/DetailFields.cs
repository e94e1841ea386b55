using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Google.Protobuf.Reflection;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>A detail of a provider that is a single text.</summary>
/// <param name="Number">Number of the field in the proto.</param>
/// <param name="Word">Name in the history.</param>
internal sealed record DetailField(
    int Number,
    string Word,
    int MaxLength,
    Func<ProviderDetails, string> Get,
    Func<ProviderDetails, string, ProviderDetails> Set
)
{
    private readonly FieldDescriptor _field = Proto.ProviderDetails.Descriptor.FindFieldByNumber(Number);

    /// <summary>Name in the proto.</summary>
    public string Name => _field.Name;

    public string GetProto(Proto.ProviderDetails details) => (string)_field.Accessor.GetValue(details);

    public void SetProto(Proto.ProviderDetails details, string value) => _field.Accessor.SetValue(details, value);
}

/// <summary>
/// Lists the details of a provider that are a single text. Their validation, mapping and history are derived from this
/// list; the other details have code of their own.
/// </summary>
internal static class DetailFields
{
    /// <summary>In the order of the history and of violations.</summary>
    public static readonly IReadOnlyList<DetailField> All =
    [
        new(
            Proto.ProviderDetails.ClusterAddressFieldNumber,
            "cluster address",
            Fields.MaxText,
            details => details.ClusterAddress,
            (details, value) => details with { ClusterAddress = value }
        ),
        new(
            Proto.ProviderDetails.HostnameFieldNumber,
            "hostname",
            253,
            details => details.Hostname,
            (details, value) => details with { Hostname = value }
        ),
        new(
            Proto.ProviderDetails.RegionFieldNumber,
            "region",
            63,
            details => details.Region,
            (details, value) => details with { Region = value }
        ),
        new(
            Proto.ProviderDetails.StorageClassFieldNumber,
            "storage class",
            253,
            details => details.StorageClass,
            (details, value) => details with { StorageClass = value }
        ),
    ];
}
