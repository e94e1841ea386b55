using System.Globalization;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;
using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Creates the desired objects of a workspace. Pure functions.</summary>
internal static class Manifests
{
    /// <summary>Mount path of the home volume: HOME and the working directory.</summary>
    public const string HomePath = "/home/coder";

    private const string HomeVolume = "home";
    private const long User = 1000;

    // PID 1 has no default signal handlers: without the trap, every stop would take the whole grace period.
    public static readonly string[] DefaultCommand = ["sh", "-c", "trap \"exit 0\" TERM; sleep infinity & wait"];

    /// <param name="storageClass">Name of the class; null for the cluster's default.</param>
    public static V1PersistentVolumeClaim Claim(
        DriverIdentity identity,
        WorkspaceDesired desired,
        string disk,
        string? storageClass
    ) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "PersistentVolumeClaim",
            Metadata = Metadata(identity, desired, desired.Generation),
            Spec = new V1PersistentVolumeClaimSpec
            {
                AccessModes = ["ReadWriteOnce"],
                StorageClassName = storageClass,
                Resources = new V1VolumeResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new(disk) },
                },
            },
        };

    /// <summary>ServiceAccount of the pod, without permissions and without a mounted token.</summary>
    public static V1ServiceAccount ServiceAccount(DriverIdentity identity, WorkspaceDesired desired) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "ServiceAccount",
            Metadata = Named(identity, desired, desired.Details?.ServiceAccountAnnotations),
            AutomountServiceAccountToken = false,
        };

    /// <summary>Gives the pod a name in the cluster's DNS. Has no ports, because they are not known.</summary>
    public static V1Service Service(DriverIdentity identity, WorkspaceDesired desired) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Service",
            Metadata = Named(identity, desired),
            Spec = new V1ServiceSpec { ClusterIP = "None", Selector = Selector(identity, desired) },
        };

    /// <summary>Deny all ingress, allow all egress.</summary>
    public static V1NetworkPolicy NetworkPolicy(DriverIdentity identity, WorkspaceDesired desired) =>
        new()
        {
            ApiVersion = "networking.k8s.io/v1",
            Kind = "NetworkPolicy",
            Metadata = Named(identity, desired),
            Spec = new V1NetworkPolicySpec
            {
                // Explicit, so that rules which others add are removed.
                Ingress = [],
                PodSelector = new V1LabelSelector { MatchLabels = Selector(identity, desired) },
                PolicyTypes = ["Ingress"],
            },
        };

    /// <summary>The part of a Deployment that ends its pod.</summary>
    public static V1DeploymentStop Stop(DriverIdentity identity, WorkspaceDesired desired, ulong generation) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = Metadata(identity, desired, generation),
            Spec = new V1DeploymentStopSpec { Replicas = 0 },
        };

    /// <param name="auxiliary">
    /// Hash of the auxiliary objects in the cluster; null if they are not all as desired.
    /// </param>
    /// <param name="there">The Deployment in the cluster; null if there is none.</param>
    public static V1Deployment Deployment(
        DriverIdentity identity,
        WorkspaceDesired desired,
        string? auxiliary,
        DeploymentObject? there
    ) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = Metadata(identity, desired, desired.Generation, auxiliary),
            Spec = new V1DeploymentSpec
            {
                // Explicit like the scheduler below, though it is the default, so that other values are reverted.
                Paused = false,
                Replicas = desired.Power == WorkspacePower.Running ? 1 : 0,
                RevisionHistoryLimit = 1,
                // Only one node at a time can mount the volume, so the old pod has to end first.
                Strategy = new V1DeploymentStrategy { Type = "Recreate" },
                Selector = new V1LabelSelector { MatchLabels = Selector(identity, desired) },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1PodTemplateMeta
                    {
                        Labels = Names.Labels(identity, desired.WorkspaceId),
                        Annotations = Restart(desired),
                    },
                    Spec = Pod(desired, home: !RunsWithoutHome(desired, there)),
                },
            },
        };

    /// <summary>
    /// Whether the pod was created by 0.1.0, which set neither HOME nor the working directory. It is not replaced for
    /// them alone, and gets them at its next start or restart.
    /// </summary>
    private static bool RunsWithoutHome(WorkspaceDesired desired, DeploymentObject? there) =>
        desired.Power == WorkspacePower.Running
        && there?.Spec is { Replicas: > 0, Template: { } template }
        && template.Spec?.Containers?.FirstOrDefault(c => c.Name == Names.Container) is { WorkingDir: null } container
        // A pod that differs in other ways too is replaced anyway.
        && container.Image == desired.Spec.Image
        && ObservedStates.Number(template.Metadata?.Annotations?.Restart) == desired.RestartGeneration;

    // Not before the first restart, so that older pods are not replaced.
    private static Dictionary<string, string>? Restart(WorkspaceDesired desired) =>
        desired.RestartGeneration == 0
            ? null
            : new() { [Names.Restart] = desired.RestartGeneration.ToString(CultureInfo.InvariantCulture) };

    private static Dictionary<string, string> Selector(DriverIdentity identity, WorkspaceDesired desired) =>
        new() { [Names.ProviderId] = identity.ProviderId, [Names.WorkspaceId] = desired.WorkspaceId };

    // Without the generation, so that a new generation alone is not a change.
    private static V1ObjectMeta Named(
        DriverIdentity identity,
        WorkspaceDesired desired,
        IEnumerable<KeyValuePair<string, string>>? others = null
    )
    {
        // Sorted, so that equal annotations have the same hash.
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in others ?? [])
            annotations[key] = value;
        if (desired.Name.Length > 0)
            annotations[Names.WorkspaceName] = desired.Name;
        return new V1ObjectMeta
        {
            Name = Names.Object(desired.WorkspaceId),
            Labels = Names.Labels(identity, desired.WorkspaceId),
            Annotations = annotations.Count > 0 ? annotations : null,
        };
    }

    private static V1ObjectMeta Metadata(
        DriverIdentity identity,
        WorkspaceDesired desired,
        ulong generation,
        string? auxiliary = null
    )
    {
        var annotations = new Dictionary<string, string>
        {
            [Names.Generation] = generation.ToString(CultureInfo.InvariantCulture),
        };
        if (desired.Name.Length > 0)
            annotations[Names.WorkspaceName] = desired.Name;
        if (auxiliary is not null)
            annotations[Names.AuxiliaryObjects] = auxiliary;
        return new V1ObjectMeta
        {
            Name = Names.Object(desired.WorkspaceId),
            Labels = Names.Labels(identity, desired.WorkspaceId),
            Annotations = annotations,
        };
    }

    private static V1PodSpec Pod(WorkspaceDesired desired, bool home) =>
        new()
        {
            SchedulerName = Names.Scheduler,
            ServiceAccountName = Names.Object(desired.WorkspaceId),
            AutomountServiceAccountToken = false,
            EnableServiceLinks = false,
            ImagePullSecrets = desired.Details is { ImagePullSecrets: { Count: > 0 } secrets }
                ? [.. secrets.Select(name => new V1LocalObjectReference { Name = name })]
                : null,
            SecurityContext = new V1PodSecurityContext
            {
                RunAsNonRoot = true,
                RunAsUser = User,
                RunAsGroup = User,
                FsGroup = User,
                SeccompProfile = new V1SeccompProfile { Type = "RuntimeDefault" },
            },
            Tolerations = Scheduling.Tolerations(desired.Details),
            NodeSelector = Scheduling.NodeSelector(desired.Details),
            Affinity = Scheduling.Affinity(desired.Details),
            Containers = [Container(desired, home)],
            Volumes =
            [
                new V1Volume
                {
                    Name = HomeVolume,
                    PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource
                    {
                        ClaimName = Names.Object(desired.WorkspaceId),
                    },
                },
            ],
        };

    private static V1Container Container(WorkspaceDesired desired, bool home) =>
        new()
        {
            Name = Names.Container,
            Image = desired.Spec.Image,
            Command = desired.Spec.Command.Count > 0 ? [.. desired.Spec.Command] : DefaultCommand,
            WorkingDir = home ? HomePath : null,
            Env = Environment(desired, home),
            EnvFrom =
                desired.Spec.EnvFrom.Count == 0
                    ? null
                    : [.. desired.Spec.EnvFrom.Select(s => new V1EnvFromSource { SecretRef = new() { Name = s } })],
            Resources = new V1ResourceRequirements { Requests = Compute(desired.Spec), Limits = Compute(desired.Spec) },
            SecurityContext = new V1SecurityContext
            {
                AllowPrivilegeEscalation = false,
                Privileged = false,
                RunAsNonRoot = true,
                Capabilities = new V1Capabilities { Drop = ["ALL"] },
            },
            VolumeMounts = [new V1VolumeMount { Name = HomeVolume, MountPath = HomePath }],
        };

    // Sorted, since any other order would be a change. Users can set HOME, but not the name variable.
    private static List<V1EnvVar> Environment(WorkspaceDesired desired, bool home) =>
        [
            .. desired
                .Spec.Env.Where(e => e.Key != Names.NameVariable)
                .OrderBy(e => e.Key, StringComparer.Ordinal)
                // Kubernetes expands "$(NAME)"; a doubled $ stands for one.
                .Select(e => new V1EnvVar
                {
                    Name = e.Key,
                    Value = e.Value.Replace("$", "$$", StringComparison.Ordinal),
                }),
            .. home && !desired.Spec.Env.ContainsKey(Names.HomeVariable)
                ? [new V1EnvVar { Name = Names.HomeVariable, Value = HomePath }]
                : Array.Empty<V1EnvVar>(),
            new V1EnvVar { Name = Names.NameVariable, Value = desired.Name },
        ];

    private static Dictionary<string, ResourceQuantity> Compute(WorkspaceSpec spec) =>
        new() { ["cpu"] = new(spec.Cpu), ["memory"] = new(spec.Memory) };
}
