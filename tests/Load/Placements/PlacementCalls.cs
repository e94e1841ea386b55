using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Placements;

/// <summary>Creates workspaces as an internal service would, over one connection.</summary>
internal sealed class PlacementCalls(GrpcChannel channel, Metadata headers)
{
    public const string Image = "registry.example.com/images/workspace:2026.11";
    public const string Cpu = "2";
    public const string Memory = "4Gi";
    public const string Disk = "20Gi";

    private readonly WorkspaceService.WorkspaceServiceClient _workspaces = new(channel);
    private int _created;

    public int Created => Volatile.Read(ref _created);

    public static WorkspaceSpec Spec() =>
        new()
        {
            Image = Image,
            Cpu = Cpu,
            Memory = Memory,
            Disk = Disk,
        };

    /// <returns>Null when it was created; else why not.</returns>
    public async Task<string?> Create(string organization, string provider, bool requestId, CancellationToken ct)
    {
        var request = new CreateWorkspaceRequest
        {
            Name = $"w-{Guid.NewGuid():N}",
            Organization = organization,
            Provider = provider,
            Spec = Spec(),
            RequestId = requestId ? Guid.NewGuid().ToString() : "",
        };
        try
        {
            await _workspaces.CreateWorkspaceAsync(request, headers, cancellationToken: ct);
            Interlocked.Increment(ref _created);
            return null;
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            return e.GetRpcStatus()?.GetDetail<ErrorInfo>() is { } info
                ? $"{e.StatusCode}/{info.Reason}"
                : e.StatusCode.ToString();
        }
    }
}
