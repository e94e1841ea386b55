using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Tests.Support.Frames;

/// <summary>
/// Calls of the API that a recording names: <c>create NAME</c>, and so for stop, start, restart, update and delete.
/// </summary>
public static class RecordedCalls
{
    public static async Task<Workspace> Make(
        WorkspaceService.WorkspaceServiceClient api,
        Metadata? headers,
        string call,
        CancellationToken ct
    )
    {
        var (verb, name) = (call.Split(' ')[0], call.Split(' ')[1]);
        var options = new CallOptions(headers, cancellationToken: ct);
        return verb switch
        {
            "create" => (await api.CreateWorkspaceAsync(new() { Name = name, Spec = Spec() }, options)).Workspace,
            "start" => (await api.StartWorkspaceAsync(new() { Workspace = name }, options)).Workspace,
            "stop" => (await api.StopWorkspaceAsync(new() { Workspace = name }, options)).Workspace,
            "restart" => (await api.RestartWorkspaceAsync(new() { Workspace = name }, options)).Workspace,
            "update" => (await api.UpdateWorkspaceAsync(NewImage(name), options)).Workspace,
            "delete" => (await api.DeleteWorkspaceAsync(new() { Workspace = name }, options)).Workspace,
            _ => throw new ArgumentOutOfRangeException(nameof(call), call, "no call"),
        };
    }

    private static WorkspaceSpec Spec() =>
        new()
        {
            Image = "ubuntu:24.04",
            Cpu = "1",
            Memory = "1Gi",
            Disk = "1Gi",
        };

    private static UpdateWorkspaceRequest NewImage(string name) =>
        new()
        {
            Workspace = name,
            Spec = new WorkspaceSpec { Image = "debian:12" },
            UpdateMask = new() { Paths = { "spec.image" } },
        };
}
