using System.Text.Json.Nodes;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>
/// The status that a kubelet would report; the same for the same pod, so that reporting it twice is no change.
/// </summary>
internal static class PodStatus
{
    public static JsonObject Of(JsonNode pod, PodPlay play)
    {
        var at = pod["metadata"]!["creationTimestamp"]!.GetValue<string>();
        var running = Runs(play);
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
            ["ready"] = Runs(play),
            ["started"] = Runs(play),
            ["restartCount"] = Ends(play) ? 4 : 0,
            ["state"] = play switch
            {
                PodPlay.FailImagePull => Waiting("ImagePullBackOff", $"Back-off pulling image \"{image}\""),
                _ when Ends(play) => Waiting("CrashLoopBackOff", "back-off 40s restarting failed container"),
                _ => new JsonObject { ["running"] = new JsonObject { ["startedAt"] = at } },
            },
        };
        if (Ends(play))
            status["lastState"] = new JsonObject
            {
                ["terminated"] = new JsonObject
                {
                    ["exitCode"] = play == PodPlay.CrashLoop ? 3 : 137,
                    ["reason"] = play == PodPlay.CrashLoop ? "Error" : "OOMKilled",
                    ["startedAt"] = at,
                    ["finishedAt"] = at,
                },
            };
        return status;
    }

    private static bool Runs(PodPlay play) => play is PodPlay.Run or PodPlay.RunAndTell;

    private static bool Ends(PodPlay play) => play is PodPlay.CrashLoop or PodPlay.RunOutOfMemory;

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
