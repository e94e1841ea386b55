using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.V1;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Proto = Coder.Mesh.V1;
using ProviderDetails = Coder.Mesh.ControlPlane.Providers.ProviderDetails;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Validates requests about providers.</summary>
internal static class ProviderRequests
{
    private const int MaxWorkspaceLimit = 1_000_000;

    /// <summary>The path of all details, and the beginning of the path of each.</summary>
    private const string AllDetails = "details";

    private static readonly IList<FieldDescriptor> DetailDescriptors =
        Proto.ProviderDetails.Descriptor.Fields.InFieldNumberOrder();

    private static readonly string[] Paths = [AllDetails, .. DetailDescriptors.Select(Path)];

    private static string Path(FieldDescriptor detail) => $"{AllDetails}.{detail.Name}";

    /// <summary>Validates the fields that every request about one provider has.</summary>
    public static Fields Check(string provider, string etag = "", string requestId = "") =>
        new Fields().Reference("provider", provider).Etag(etag).RequestId(requestId);

    public static Fields Details(this Fields fields, Proto.ProviderDetails? details)
    {
        if (details is null)
            return fields;
        foreach (var detail in DetailFields.All)
            fields.Text($"{AllDetails}.{detail.Name}", detail.GetProto(details), detail.MaxLength);
        fields.Workspaces(ProviderMapping.FromProto(details).Workspaces);
        return details.MaxWorkspaces is < 0 or > MaxWorkspaceLimit
            ? fields.Violated("details.max_workspaces", $"must be from 0 (no maximum) to {MaxWorkspaceLimit}")
            : fields;
    }

    public static Fields Mask(this Fields fields, FieldMask? mask) =>
        fields.Mask(mask, Paths, "name the details to change");

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
        var paths = request.UpdateMask.Paths;
        var masked = DetailDescriptors.Where(d => paths.Contains(AllDetails) || paths.Contains(Path(d))).ToList();
        var wanted = request.Details?.Clone() ?? new Proto.ProviderDetails();
        foreach (var kept in DetailDescriptors.Except(masked))
            kept.Accessor.Clear(wanted);
        return details =>
        {
            var changed = ProviderMapping.ToProto(details);
            foreach (var replaced in masked)
                replaced.Accessor.Clear(changed);
            changed.MergeFrom(wanted);
            return ProviderMapping.FromProto(changed);
        };
    }
}
