using System.Text.Json.Nodes;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>The status that a kubelet would report; the same for the same pod, so that reporting it twice is no change.</summary>
internal static class PodStatus
{
    public static JsonObject Of(JsonNode pod, PodPlay play)
    {
        var at = pod["metadata"]!["creationTimestamp"]!.GetValue<string>();
        var running = play == PodPlay.Run;
        var statuses = pod["spec"]!["containers"]!.AsArray().Select(c => (JsonNode)Container(c!, play, at));
        return new JsonObject
        {
            ["phase"] = play == PodPlay.FailImagePull ? "Pending" : "Running",
            ["startTime"] = at,
            ["conditions"] = new JsonArray(
                Condition("Initialized", true, at),
                Condition("Ready", running, at),
                Condition("ContainersReady", running, at),
                Condition("PodScheduled", true, at)
            ),
            ["containerStatuses"] = new JsonArray([.. statuses]),
        };
    }

    private static JsonObject Container(JsonNode container, PodPlay play, string at)
    {
        var image = container["image"]!.GetValue<string>();
        var status = new JsonObject
        {
            ["name"] = container["name"]!.GetValue<string>(),
            ["image"] = image,
            ["imageID"] = "",
            ["ready"] = play == PodPlay.Run,
            ["started"] = play == PodPlay.Run,
            ["restartCount"] = play == PodPlay.CrashLoop ? 4 : 0,
            ["state"] = play switch
            {
                PodPlay.FailImagePull => Waiting("ImagePullBackOff", $"Back-off pulling image \"{image}\""),
                PodPlay.CrashLoop => Waiting("CrashLoopBackOff", "back-off 40s restarting failed container"),
                _ => new JsonObject { ["running"] = new JsonObject { ["startedAt"] = at } },
            },
        };
        if (play == PodPlay.CrashLoop)
            status["lastState"] = new JsonObject
            {
                ["terminated"] = new JsonObject
                {
                    ["exitCode"] = 3,
                    ["reason"] = "Error",
                    ["startedAt"] = at,
                    ["finishedAt"] = at,
                },
            };
        return status;
    }

    private static JsonObject Waiting(string reason, string message) =>
        new()
        {
            ["waiting"] = new JsonObject { ["reason"] = reason, ["message"] = message },
        };

    private static JsonObject Condition(string type, bool holds, string at) =>
        new()
        {
            ["type"] = type,
            ["status"] = holds ? "True" : "False",
            ["lastTransitionTime"] = at,
        };
}
