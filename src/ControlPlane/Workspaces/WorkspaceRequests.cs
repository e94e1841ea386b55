using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Writes;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>What a request to create a workspace must keep to.</summary>
internal static class WorkspaceRequests
{
    private const int MaxCommandParts = 64;
    private const int MaxImage = 512;

    public static Fields Check(CreateWorkspaceRequest request)
    {
        var fields = new Fields()
            .Name("name", request.Name)
            .Text("organization", request.Organization, 253)
            .Text("provider", request.Provider, 253)
            .Text("region", request.Region, 63)
            .RequestId(request.RequestId);
        return request.Spec is { } spec
            ? fields.Spec(WorkspaceMapping.FromProto(spec))
            : fields.Violated("spec", "is required");
    }

    public static Fields Spec(this Fields fields, WorkspaceSpec spec)
    {
        if (spec.Image.Length == 0)
            fields.Violated("spec.image", "is required");
        fields.Quantity("spec.cpu", spec.Cpu).Quantity("spec.memory", spec.Memory).Quantity("spec.disk", spec.Disk);
        return fields.SpecTexts(spec);
    }

    /// <summary>The same for a spec whose empty fields come from elsewhere.</summary>
    public static Fields PartialSpec(this Fields fields, WorkspaceSpec spec)
    {
        if (spec.Cpu.Length > 0)
            fields.Quantity("spec.cpu", spec.Cpu);
        if (spec.Memory.Length > 0)
            fields.Quantity("spec.memory", spec.Memory);
        if (spec.Disk.Length > 0)
            fields.Quantity("spec.disk", spec.Disk);
        return fields.SpecTexts(spec);
    }

    private static Fields SpecTexts(this Fields fields, WorkspaceSpec spec)
    {
        if (spec.Image.Any(char.IsWhiteSpace))
            fields.Violated("spec.image", "must be a container image reference, without white space");
        else
            fields.Text("spec.image", spec.Image, MaxImage);
        if (spec.Command.Length > MaxCommandParts)
            fields.Violated("spec.command", $"must have at most {MaxCommandParts} parts, has {spec.Command.Length}");
        else if (spec.Command.Any(part => part.Length > Fields.MaxText))
            fields.Violated("spec.command", $"each part must be at most {Fields.MaxText} characters");
        return fields;
    }

    public static Fields Check(ListWorkspacesRequest request)
    {
        var fields = new Fields()
            .Text("organization", request.Organization, 253)
            .Text("provider", request.Provider, 253)
            .Text("owner", request.Owner, 253)
            .Page(request.PageSize, request.PageToken);
        if (!Enum.IsDefined(request.State))
            fields.Violated("state", "must be one of the states that the API names");
        else if (request.State is WorkspaceState.Deleted or WorkspaceState.Lost)
            fields.Violated("state", "must not be a final one: only unfinished workspaces are listed");
        return fields;
    }

    public static Fields Check(AbandonWorkspaceRequest request)
    {
        var fields = new Fields()
            .Reference("workspace", request.Workspace)
            .Text("organization", request.Organization, 253)
            .RequestId(request.RequestId);
        return request.Reason.Length == 0
            ? fields.Violated("reason", "is required")
            : fields.Text("reason", request.Reason);
    }

    public static WorkspaceReference Reference(
        string workspace,
        string organization,
        string etag = "",
        string requestId = ""
    )
    {
        new Fields()
            .Reference("workspace", workspace)
            .Text("organization", organization, 253)
            .Etag(etag)
            .RequestId(requestId)
            .ThrowIfViolated();
        return new WorkspaceReference(workspace, organization);
    }
}
