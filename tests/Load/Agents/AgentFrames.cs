using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Load.Agents;

/// <summary>What a simulated agent says.</summary>
internal static class AgentFrames
{
    public static ConnectRequest Hello(AgentIdentity identity, CrowdOptions options, DateTimeOffset now)
    {
        var readiness = new ReadinessReport();
        readiness.Conditions.AddRange(
            ConditionTypes.Required.Select(type => new Condition
            {
                Type = type,
                Status = type == options.Failing ? ConditionStatus.False : ConditionStatus.True,
                Code = type == options.Failing ? "simulated" : "",
                Message = type == options.Failing ? "The load tool wants it so." : "",
                SinceTime = now.ToTimestamp(),
            })
        );
        return new ConnectRequest
        {
            Hello = new Hello
            {
                MinProtocolVersion = ProtocolVersion.Min,
                MaxProtocolVersion = ProtocolVersion.Max,
                AgentVersion = "0.0.0-load",
                InstanceId = Guid.NewGuid().ToString(),
                NamespaceUid = identity.NamespaceUid,
                Cluster = new ClusterFacts
                {
                    Namespace = "load",
                    KubernetesVersion = "v0.0.0",
                    Driver = "simulated",
                },
                AccessUrl = options.Target.ToString(),
                HeartbeatInterval = options.Heartbeat.ToDuration(),
                Readiness = readiness,
            },
        };
    }

    public static ConnectRequest EmptySnapshot() => new() { Snapshot = new Snapshot { Complete = true } };

    public static ConnectRequest Heartbeat(DateTimeOffset now) =>
        new() { Heartbeat = new Heartbeat { SentTime = now.ToTimestamp() } };

    public static ConnectRequest Goodbye() => new() { Goodbye = new Goodbye { Reason = GoodbyeReason.Shutdown } };
}
