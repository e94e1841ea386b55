using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using WorkspaceSpec = Coder.Mesh.ControlPlane.Workspaces.WorkspaceSpec;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Validates requests that create or update workspaces.</summary>
internal static class WorkspaceRequests
{
    /// <summary>The part of a spec that each path of a mask stands for.</summary>
    private static readonly Dictionary<string, Func<WorkspaceSpec, WorkspaceSpec, WorkspaceSpec>> Paths = new()
    {
        ["spec"] = (_, wanted) => wanted,
        ["spec.image"] = (spec, wanted) => spec with { Image = wanted.Image },
        ["spec.cpu"] = (spec, wanted) => spec with { Cpu = wanted.Cpu },
        ["spec.memory"] = (spec, wanted) => spec with { Memory = wanted.Memory },
        ["spec.disk"] = (spec, wanted) => spec with { Disk = wanted.Disk },
        ["spec.command"] = (spec, wanted) => spec with { Command = wanted.Command },
        ["spec.env"] = (spec, wanted) => spec with { Env = wanted.Env },
        ["spec.env_from"] = (spec, wanted) => spec with { EnvFrom = wanted.EnvFrom },
        [OwnerEmailPath] = (spec, _) => spec,
    };

    private const string OwnerEmailPath = "owner_email";

    public static Fields Check(CreateWorkspaceRequest request)
    {
        var fields = new Fields()
            .Name("name", request.Name)
            .Text("organization", request.Organization, 253)
            .Text("provider", request.Provider, 253)
            .Text("region", request.Region, 63)
            .Owner(request.Owner, request.OwnerEmail)
            .RequestId(request.RequestId);
        return fields.Spec(Spec(request));
    }

    /// <summary>Returns the spec of a new workspace, with defaults for fields that are not set.</summary>
    public static WorkspaceSpec Spec(CreateWorkspaceRequest request)
    {
        var spec = WorkspaceMapping.FromProto(request.Spec ?? new Coder.Mesh.V1.WorkspaceSpec());
        return spec with
        {
            Image = Given(spec.Image, WorkspaceDefaults.Image),
            Cpu = Given(spec.Cpu, WorkspaceDefaults.Cpu),
            Memory = Given(spec.Memory, WorkspaceDefaults.Memory),
            Disk = Given(spec.Disk, WorkspaceDefaults.Disk),
        };
    }

    private static string Given(string value, string otherwise) => value.Length > 0 ? value : otherwise;

    /// <returns>The new address; null if it stays.</returns>
    public static string? OwnerEmail(UpdateWorkspaceRequest request) =>
        MaskOf(request).Contains(OwnerEmailPath) ? request.OwnerEmail : null;

    public static Fields Check(UpdateWorkspaceRequest request)
    {
        var fields = CheckReference(
                request.Workspace,
                request.Organization,
                request.Owner,
                request.Etag,
                request.RequestId
            )
            .Owner(owner: "", request.OwnerEmail);
        var paths = MaskOf(request);
        if (paths.Count > 0 || !request.TakeOwnership)
            fields.Mask(request.UpdateMask, Paths.Keys, "name what to change");
        return request.Spec is null && paths.Any(p => p != OwnerEmailPath)
            ? fields.Violated("spec", "is required")
            : fields;
    }

    /// <summary>Returns the change of a spec that a request asks for, independent of the current spec.</summary>
    public static Func<WorkspaceSpec, WorkspaceSpec> Change(UpdateWorkspaceRequest request)
    {
        var wanted = WorkspaceMapping.FromProto(request.Spec ?? new Coder.Mesh.V1.WorkspaceSpec());
        return spec => MaskOf(request).Aggregate(spec, (now, path) => Paths[path](now, wanted));
    }

    /// <summary>Returns the paths that a request changes; none if it has no mask.</summary>
    public static IReadOnlyCollection<string> MaskOf(UpdateWorkspaceRequest request) => request.UpdateMask?.Paths ?? [];

    public static Fields Check(ListWorkspacesRequest request) =>
        Filters(request.Organization, request.Provider, request.Owner, request.State, request.States)
            .Page(request.PageSize, request.PageToken);

    public static Fields Check(WatchWorkspacesRequest request) =>
        Filters(request.Organization, request.Provider, request.Owner, request.State, request.States)
            .Text("workspace", request.Workspace, 253)
            .ResumeToken(request.ResumeToken);

    private static Fields Filters(
        string organization,
        string provider,
        string owner,
        WorkspaceState state,
        IEnumerable<WorkspaceState> states
    )
    {
        var fields = new Fields()
            .Text("organization", organization, 253)
            .Text("provider", provider, 253)
            .Text("owner", owner, 253);
        if (!Enum.IsDefined(state))
            fields.Violated("state", "must be one of the states that the API names");
        return states.All(s => Enum.IsDefined(s) && s != WorkspaceState.Unspecified)
            ? fields
            : fields.Violated("states", "must each be one of the states that the API names");
    }

    public static Fields Check(ListTimelineRequest request)
    {
        var fields = new Fields()
            .Reference("workspace", request.Workspace)
            .Text("organization", request.Organization, 253)
            .Owner(request.Owner)
            .Page(request.PageSize, request.PageToken);
        return fields.Error is null && request.PageToken.Length > 0 && TimelinePosition.Parse(request.PageToken) is null
            ? fields.Violated("page_token", "must be a next_page_token of an earlier answer")
            : fields;
    }

    public static Fields Check(AbandonWorkspaceRequest request)
    {
        var fields = new Fields()
            .Reference("workspace", request.Workspace)
            .Text("organization", request.Organization, 253)
            .Owner(request.Owner)
            .RequestId(request.RequestId);
        return request.Reason.Length == 0
            ? fields.Violated("reason", "is required")
            : fields.Text("reason", request.Reason);
    }

    public static Fields CheckReference(
        string workspace,
        string organization,
        string owner,
        string etag = "",
        string requestId = ""
    ) =>
        new Fields()
            .Reference("workspace", workspace)
            .Text("organization", organization, 253)
            .Owner(owner)
            .Etag(etag)
            .RequestId(requestId);
}
