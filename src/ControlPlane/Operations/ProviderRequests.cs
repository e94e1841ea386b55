using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Proto = Coder.Mesh.V1;
using ProviderDetails = Coder.Mesh.ControlPlane.Providers.ProviderDetails;
using WorkspaceDetails = Coder.Mesh.ControlPlane.Providers.WorkspaceDetails;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Validates requests about providers.</summary>
internal static class ProviderRequests
{
    private const int MaxWorkspacesCounted = 1_000_000;

    private static readonly Dictionary<string, Func<ProviderDetails, ProviderDetails, ProviderDetails>> Paths = new()
    {
        ["details"] = (_, wanted) => wanted,
        ["details.cluster_address"] = (now, wanted) => now with { ClusterAddress = wanted.ClusterAddress },
        ["details.hostname"] = (now, wanted) => now with { Hostname = wanted.Hostname },
        ["details.region"] = (now, wanted) => now with { Region = wanted.Region },
        ["details.storage_class"] = (now, wanted) => now with { StorageClass = wanted.StorageClass },
        ["details.max_workspaces"] = (now, wanted) => now with { MaxWorkspaces = wanted.MaxWorkspaces },
        ["details.tolerations"] = Of((now, wanted) => now with { Tolerations = wanted.Tolerations }),
        ["details.node_selector"] = Of((now, wanted) => now with { NodeSelector = wanted.NodeSelector }),
        ["details.affinity"] = Of((now, wanted) => now with { Affinity = wanted.Affinity }),
        ["details.service_account_annotations"] = Of(
            (now, wanted) => now with { ServiceAccountAnnotations = wanted.ServiceAccountAnnotations }
        ),
        ["details.image_pull_secrets"] = Of((now, wanted) => now with { ImagePullSecrets = wanted.ImagePullSecrets }),
    };

    private static Func<ProviderDetails, ProviderDetails, ProviderDetails> Of(
        Func<WorkspaceDetails, WorkspaceDetails, WorkspaceDetails> change
    ) => (now, wanted) => now with { Workspaces = change(now.Workspaces, wanted.Workspaces) };

    /// <summary>Validates the fields that every request about one provider has.</summary>
    public static Fields Check(string provider, string etag = "", string requestId = "") =>
        new Fields().Reference("provider", provider).Etag(etag).RequestId(requestId);

    public static Fields Details(this Fields fields, Proto.ProviderDetails? details)
    {
        if (details is null)
            return fields;
        fields
            .Text("details.cluster_address", details.ClusterAddress)
            .Text("details.hostname", details.Hostname, 253)
            .Text("details.region", details.Region, 63)
            .Text("details.storage_class", details.StorageClass, 253)
            .Workspaces(ProviderMapping.FromProto(details).Workspaces);
        return details.MaxWorkspaces is < 0 or > MaxWorkspacesCounted
            ? fields.Violated("details.max_workspaces", $"must be from 0 (no maximum) to {MaxWorkspacesCounted}")
            : fields;
    }

    public static Fields Mask(this Fields fields, FieldMask? mask) =>
        fields.Mask(mask, Paths.Keys, "name the details to change");

    public static Fields WorkspaceId(this Fields fields, string workspaceId) =>
        Ids.IsId(workspaceId)
            ? fields
            : fields.Violated("workspace_id", "must be an id of a workspace: 32 lower-case hexadecimal digits");

    public static Fields Reason(this Fields fields, string reason, bool required)
    {
        if (required && reason.Length == 0)
            return fields.Violated("reason", "is required");
        return fields.Text("reason", reason);
    }

    public static Fields Check(ListProvidersRequest request) =>
        new Fields()
            .Text("organization", request.Organization, 253)
            .Filters(request.Region, request.Status, request.Statuses)
            .Page(request.PageSize, request.PageToken);

    public static Fields Check(WatchProvidersRequest request) =>
        new Fields()
            .Text("provider", request.Provider, 253)
            .Filters(request.Region, request.Status, request.Statuses)
            .ResumeToken(request.ResumeToken);

    private static Fields Filters(
        this Fields fields,
        string region,
        Proto.ProviderStatus status,
        IEnumerable<Proto.ProviderStatus> statuses
    )
    {
        fields.Text("region", region, 63);
        if (!System.Enum.IsDefined(status))
            fields.Violated("status", "must be one of the statuses that the API names");
        return statuses.All(s => System.Enum.IsDefined(s) && s != Proto.ProviderStatus.Unspecified)
            ? fields
            : fields.Violated("statuses", "must each be one of the statuses that the API names");
    }

    /// <summary>Returns the change of details that a request asks for, independent of the current details.</summary>
    public static Func<ProviderDetails, ProviderDetails> Change(UpdateProviderRequest request)
    {
        var wanted = ProviderMapping.FromProto(request.Details);
        return details => request.UpdateMask.Paths.Aggregate(details, (now, path) => Paths[path](now, wanted));
    }
}
