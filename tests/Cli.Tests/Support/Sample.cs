using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>
/// Things that a control plane could hold. Ages lie in the middle of their unit, so that they print the same.
/// </summary>
internal static class Sample
{
    public static Timestamp Ago(TimeSpan span) => Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow - span);

    public static Provider BuiltIn() =>
        new()
        {
            Id = "0198c1de-0000-7000-8000-000000000001",
            Name = "built-in",
            Kind = ProviderKind.BuiltIn,
            IsDefault = true,
            Status = ProviderStatus.Ready,
            StatusTime = Ago(TimeSpan.FromMinutes(125)),
            Details = new ProviderDetails(),
            UnfinishedWorkspaces = 3,
            CreateTime = Ago(TimeSpan.FromHours(60)),
            Agent = new ProviderAgent
            {
                Attached = true,
                Epoch = 7,
                Version = "0.1.0",
                Namespace = "coder",
                NamespaceUid = "5f0f0b0e-0000-4000-8000-000000000001",
                KubernetesVersion = "v1.35.0",
                Driver = "kubernetes",
                SinceTime = Ago(TimeSpan.FromMinutes(125)),
            },
            Conditions =
            {
                new Condition
                {
                    Type = "ClusterReachable",
                    Status = ConditionStatus.True,
                    SinceTime = Ago(TimeSpan.FromMinutes(125)),
                },
            },
        };

    public static Provider Broken() =>
        new()
        {
            Id = "0198c1de-0000-7000-8000-000000000002",
            Name = "eu-west-1",
            Kind = ProviderKind.Remote,
            Status = ProviderStatus.Error,
            StatusCode = "permissions_missing",
            StatusMessage = "The agent may not create deployments in namespace \"dev\".",
            StatusTime = Ago(TimeSpan.FromSeconds(210)),
            Details = new ProviderDetails { Region = "eu-west-1", StorageClass = "fast" },
            CreateTime = Ago(TimeSpan.FromMinutes(90)),
            Agent = new ProviderAgent { Version = "0.1.0", SinceTime = Ago(TimeSpan.FromSeconds(210)) },
            Conditions =
            {
                new Condition
                {
                    Type = "ClusterReachable",
                    Status = ConditionStatus.True,
                    SinceTime = Ago(TimeSpan.FromMinutes(89)),
                },
                new Condition
                {
                    Type = "PermissionsSufficient",
                    Status = ConditionStatus.False,
                    Code = "permissions_missing",
                    Message = "The agent may not create deployments in namespace \"dev\".",
                    SinceTime = Ago(TimeSpan.FromSeconds(210)),
                },
            },
        };

    public static Provider Pending(string name) =>
        new()
        {
            Id = "0198c1de-0000-7000-8000-000000000003",
            Name = name,
            Kind = ProviderKind.Remote,
            Status = ProviderStatus.Pending,
            Details = new ProviderDetails(),
            CreateTime = Ago(TimeSpan.FromHours(60)),
        };

    /// <summary>
    /// Bound to one cluster, cordoned, with two tokens, and with an agent of another cluster at its door.
    /// </summary>
    public static Provider Moved()
    {
        var provider = Broken();
        provider.StatusCode = "cluster_mismatch";
        provider.StatusMessage = "The agent is in another cluster than before.";
        provider.Agent.Namespace = "dev";
        provider.Agent.NamespaceUid = "5f0f0b0e-0000-4000-8000-000000000002";
        provider.UnfinishedWorkspaces = 3;
        provider.Details.MaxWorkspaces = 200;
        provider.Organizations.AddRange(["acme", "default"]);
        provider.Cordon = new Cordon
        {
            Reason = "moves to new hardware",
            User = "admin",
            Time = Ago(TimeSpan.FromMinutes(4.5)),
        };
        provider.OfferedCluster = new OfferedCluster
        {
            Namespace = "dev",
            NamespaceUid = "5f0f0b0e-0000-4000-8000-000000000003",
            Time = Ago(TimeSpan.FromMinutes(3.5)),
        };
        provider.AgentRefusals.AddRange([
            new AgentRefusal
            {
                Reason = "CLUSTER_MISMATCH",
                Message = provider.StatusMessage,
                Time = Ago(TimeSpan.FromMinutes(3.5)),
            },
            new AgentRefusal
            {
                Reason = "TOO_MANY_SESSIONS",
                Message = "This control plane holds 1000 agents, the most it may.",
                Time = Ago(TimeSpan.FromMinutes(2.5)),
            },
        ]);
        provider.Tokens.AddRange([Token(1, used: true, inUse: true), Token(2, used: false)]);
        return provider;
    }

    public static ProviderToken Token(int number, bool used, bool inUse = false) =>
        new()
        {
            Id = $"0198c1e00000700080000000000000{number:00}",
            IssueTime = Ago(TimeSpan.FromDays(10.5 - number)),
            Used = used,
            InUse = inUse,
        };

    public static Organization Organization(string name, params string[] providers) =>
        new()
        {
            Id = $"0198c1dd00007000800000{name.PadLeft(10, '0')}",
            Name = name,
            Providers = { providers },
            CreateTime = Ago(TimeSpan.FromHours(60)),
        };

    public static HistoryEntry Entry(int number, string actor, string type, string summary) =>
        new()
        {
            Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddDays(20_000).AddMinutes(number)),
            Actor = actor,
            Type = type,
            Summary = summary,
            TraceId = $"{number:x32}",
            RequestId = actor == "admin" ? $"{number + 100:x32}" : "",
        };

    private const string Agent = "0198c1de000070008000000000000001";

    public static TimelineItem Happening(
        ulong generation,
        int second,
        TimelineStage stage,
        string code = "",
        string message = ""
    ) =>
        new()
        {
            Generation = generation,
            Actor = stage is >= TimelineStage.Created ? "admin" : $"agent:{Agent}",
            ActorKind = stage is >= TimelineStage.Created ? ActorKind.User : ActorKind.Agent,
            ActorId = stage is >= TimelineStage.Created ? "admin" : Agent,
            Entry = new TimelineEntry
            {
                Id = $"{second}/{stage}",
                Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddDays(20_000).AddSeconds(second)),
                Stage = stage,
                Code = code,
                Message = message,
            },
        };

    public static Orphan Orphan(int number, string name = "dev") =>
        new()
        {
            WorkspaceId = $"0198c1e10000700080000000000000{number:00}",
            Generation = 7,
            State = WorkspaceState.Running,
            Name = name,
            Spec = new WorkspaceSpec
            {
                Image = name.Length > 0 ? "ubuntu:24.04" : "",
                Cpu = name.Length > 0 ? "1" : "",
                Memory = name.Length > 0 ? "2Gi" : "",
                Disk = "10Gi",
            },
            FirstSeenTime = Ago(TimeSpan.FromMinutes(90)),
            LastSeenTime = Ago(TimeSpan.FromMinutes(4.5)),
        };

    public static Workspace Workspace(string name, WorkspaceState state) =>
        new()
        {
            Id = $"0198c1df-0000-7000-8000-{name.PadLeft(12, '0')}",
            Name = name,
            Organization = "default",
            Owner = "admin",
            Provider = "built-in",
            ProviderId = "0198c1de-0000-7000-8000-000000000001",
            Spec = new WorkspaceSpec
            {
                Image = "ubuntu:24.04",
                Cpu = "1",
                Memory = "2Gi",
                Disk = "10Gi",
            },
            DesiredState = WorkspaceDesiredState.Running,
            Generation = 1,
            ObservedGeneration = 1,
            State = state,
            StateTime = Ago(TimeSpan.FromMinutes(4.5)),
            CreateTime = Ago(TimeSpan.FromMinutes(90)),
        };
}
