using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>Things that a control plane could hold. Ages lie in the middle of their unit, so that they print the same.</summary>
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
