using System.Text.Json.Nodes;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>Plays the provisioner: makes a volume for every claim, and takes it away when the claim has gone.</summary>
internal sealed class PersistentVolumes : IAsyncDisposable
{
    private readonly ClusterApi _api;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _loops;

    private PersistentVolumes(ClusterApi api)
    {
        _api = api;
        _loops = [Task.Run(FollowClaims), Task.Run(FollowVolumes)];
    }

    public static PersistentVolumes Provision(KubernetesControlPlane controlPlane) => new(controlPlane.Admin);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var loop in _loops)
        {
            try
            {
                await loop;
            }
            catch (OperationCanceledException)
            {
                // That is how the loops end.
            }
        }

        _stop.Dispose();
    }

    private async Task FollowClaims()
    {
        await foreach (var (type, claim) in _api.Follow("api/v1/persistentvolumeclaims", _stop.Token))
        {
            var unbound = claim["spec"]!["volumeName"] is null && claim["metadata"]!["deletionTimestamp"] is null;
            // Nobody would provision for a class that isn't there.
            if (claim["spec"]!["storageClassName"]?.GetValue<string>() == KubernetesControlPlane.AbsentStorageClass)
                continue;
            if (type == "ADDED" && unbound)
                await ClusterApi.Insist(
                    () => _api.Create("api/v1/persistentvolumes", VolumeFor(claim), _stop.Token),
                    _stop.Token
                );
        }
    }

    private async Task FollowVolumes()
    {
        await foreach (var (_, volume) in _api.Follow("api/v1/persistentvolumes", _stop.Token))
        {
            var name = volume["metadata"]!["name"]!.GetValue<string>();
            if (volume["status"]?["phase"]?.GetValue<string>() is "Released" or "Failed")
                await ClusterApi.Insist(
                    () => _api.Delete($"api/v1/persistentvolumes/{name}", _stop.Token),
                    _stop.Token
                );
        }
    }

    private static JsonObject VolumeFor(JsonNode claim)
    {
        var metadata = claim["metadata"]!;
        var uid = metadata["uid"]!.GetValue<string>();
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "PersistentVolume",
            ["metadata"] = new JsonObject { ["name"] = $"pv-{uid}" },
            ["spec"] = new JsonObject
            {
                ["capacity"] = claim["spec"]!["resources"]!["requests"]!.DeepClone(),
                ["accessModes"] = claim["spec"]!["accessModes"]!.DeepClone(),
                ["storageClassName"] = claim["spec"]!["storageClassName"]?.DeepClone() ?? "",
                // Not Delete: a controller would then take the folder from this machine.
                ["persistentVolumeReclaimPolicy"] = "Retain",
                ["hostPath"] = new JsonObject { ["path"] = $"/nonexistent/{uid}" },
                ["claimRef"] = new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "PersistentVolumeClaim",
                    ["namespace"] = metadata["namespace"]!.GetValue<string>(),
                    ["name"] = metadata["name"]!.GetValue<string>(),
                    ["uid"] = uid,
                },
            },
        };
    }
}
