using System.Collections.Concurrent;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests.Examples;

/// <summary>
/// A service of somebody's own: sees to it that a number of workspaces run, and knows at any time which do.
/// </summary>
internal sealed class WorkspaceFleet(MeshClient mesh)
{
    private readonly ConcurrentDictionary<string, Workspace> _running = [];

    public ICollection<Workspace> Running => _running.Values;

    /// <summary>Creates a workspace once, however often it has to be asked for.</summary>
    public async Task Create(string name, CancellationToken ct)
    {
        // Of what is created, not of the attempt: the same one after a crash of this service.
        var request = new CreateWorkspaceRequest
        {
            Name = name,
            RequestId = $"fleet-{name}",
            Spec = new WorkspaceSpec
            {
                Image = "ubuntu:24.04",
                Cpu = "500m",
                Memory = "1Gi",
                Disk = "5Gi",
            },
        };
        while (true)
        {
            try
            {
                await mesh.Workspaces.CreateWorkspaceAsync(request, cancellationToken: ct);
                return;
            }
            catch (MeshUnavailableException)
            {
                // For longer than the client tries by itself.
                await Task.Delay(TimeSpan.FromSeconds(1), ct);
            }
            catch (MeshRefusedException e) when (e.Violations.Any(v => v.Type == "NOT_READY"))
            {
                // Its agent is on its way back.
                await Task.Delay(TimeSpan.FromSeconds(1), ct);
            }
        }
    }

    /// <summary>Follows what becomes of them, until it is cancelled.</summary>
    public async Task Follow(CancellationToken ct)
    {
        var running = new WatchWorkspacesRequest { State = WorkspaceState.Running };
        await foreach (var e in mesh.WatchAsync(running, ct))
        {
            switch (e)
            {
                case ResourceChanged<Workspace> { Resource: var workspace }:
                    _running[workspace.Id] = workspace;
                    break;
                case ResourceRemoved<Workspace> { Resource: var workspace }:
                    _running.TryRemove(workspace.Id, out _);
                    break;
            }
        }
    }
}
