using Coder.Mesh.ControlPlane.Refusals;
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
            .Text("provider", request.Provider, 253);
        if (request.Spec is not { } spec)
            return fields.Violated("spec", "is required");
        if (spec.Image.Length == 0)
            fields.Violated("spec.image", "is required");
        else if (spec.Image.Any(char.IsWhiteSpace))
            fields.Violated("spec.image", "must be a container image reference, without white space");
        else
            fields.Text("spec.image", spec.Image, MaxImage);
        fields.Quantity("spec.cpu", spec.Cpu).Quantity("spec.memory", spec.Memory).Quantity("spec.disk", spec.Disk);
        if (spec.Command.Count > MaxCommandParts)
            fields.Violated("spec.command", $"must have at most {MaxCommandParts} parts, has {spec.Command.Count}");
        else if (spec.Command.Any(part => part.Length > Fields.MaxText))
            fields.Violated("spec.command", $"each part must be at most {Fields.MaxText} characters");
        return fields;
    }
}
