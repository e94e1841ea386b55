using System.Globalization;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;
using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>What the objects of a workspace should be: a pure function of what is desired.</summary>
internal static class Manifests
{
    /// <summary>Where the home volume is: HOME and the working directory.</summary>
    public const string HomePath = "/home/coder";

    private const string HomeVolume = "home";
    private const long User = 1000;

    // PID 1 has no default signal handlers: without the trap every stop would last the whole grace period.
    public static readonly string[] DefaultCommand = ["sh", "-c", "trap \"exit 0\" TERM; sleep infinity & wait"];

    /// <param name="storageClass">The class to name; null leaves the choice to the cluster.</param>
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

    /// <summary>For the pod to run as; nothing is allowed to it, and its token isn't mounted.</summary>
    public static V1ServiceAccount ServiceAccount(DriverIdentity identity, WorkspaceDesired desired) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "ServiceAccount",
            Metadata = Named(identity, desired, desired.Details?.ServiceAccountAnnotations),
            AutomountServiceAccountToken = false,
        };

    /// <summary>Gives the pod a name in the cluster's DNS; no port of it is known.</summary>
    public static V1Service Service(DriverIdentity identity, WorkspaceDesired desired) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Service",
            Metadata = Named(identity, desired),
            Spec = new V1ServiceSpec { ClusterIP = "None", Selector = Selector(identity, desired) },
        };

    /// <summary>Nobody reaches the pod; it reaches everybody.</summary>
    public static V1NetworkPolicy NetworkPolicy(DriverIdentity identity, WorkspaceDesired desired) =>
        new()
        {
            ApiVersion = "networking.k8s.io/v1",
            Kind = "NetworkPolicy",
            Metadata = Named(identity, desired),
            Spec = new V1NetworkPolicySpec
            {
                // Said, not left out: so that a rule that somebody adds is taken away again.
                Ingress = [],
                PodSelector = new V1LabelSelector { MatchLabels = Selector(identity, desired) },
                PolicyTypes = ["Ingress"],
            },
        };

    /// <summary>So much of a Deployment as ends its pod.</summary>
    public static V1DeploymentStop Stop(DriverIdentity identity, WorkspaceDesired desired, ulong generation) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = Metadata(identity, desired, generation),
            Spec = new V1DeploymentStopSpec { Replicas = 0 },
        };

    /// <param name="auxiliary">Hash of the auxiliary objects that are there; null if they aren't all as they should be.</param>
    /// <param name="there">The Deployment as it is in the cluster; null if there is none.</param>
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
                // Named like the scheduler below, though it is the default: so that another value is a change that is undone.
                Paused = false,
                Replicas = desired.Power == WorkspacePower.Running ? 1 : 0,
                RevisionHistoryLimit = 1,
                // The volume can be mounted by one node at a time: the old pod goes before the new one comes.
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
    /// Whether the pod was made by 0.1.0, which set neither HOME nor the working directory. It must not be replaced for
    /// them alone: it gets them at its next start or restart.
    /// </summary>
    private static bool RunsWithoutHome(WorkspaceDesired desired, DeploymentObject? there) =>
        desired.Power == WorkspacePower.Running
        && there?.Spec is { Replicas: > 0, Template: { } template }
        && template.Spec?.Containers?.FirstOrDefault(c => c.Name == Names.Container) is { WorkingDir: null } container
        // One that is another in other ways too is replaced all the same.
        && container.Image == desired.Spec.Image
        && ObservedStates.Number(template.Metadata?.Annotations?.Restart) == desired.RestartGeneration;

    // Not before the first restart: what was made before restarts were known must not be made anew for them.
    private static Dictionary<string, string>? Restart(WorkspaceDesired desired) =>
        desired.RestartGeneration == 0
            ? null
            : new() { [Names.Restart] = desired.RestartGeneration.ToString(CultureInfo.InvariantCulture) };

    private static Dictionary<string, string> Selector(DriverIdentity identity, WorkspaceDesired desired) =>
        new() { [Names.ProviderId] = identity.ProviderId, [Names.WorkspaceId] = desired.WorkspaceId };

    // Without the generation, so that each new one isn't a change.
    private static V1ObjectMeta Named(
        DriverIdentity identity,
        WorkspaceDesired desired,
        IEnumerable<KeyValuePair<string, string>>? others = null
    )
    {
        // In one order, so that the same annotations have the same hash.
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

    // In one order, or each apply would be a change. HOME is the user's to set, the name nobody's.
    private static List<V1EnvVar> Environment(WorkspaceDesired desired, bool home) =>
        [
            .. desired
                .Spec.Env.Where(e => e.Key != Names.NameVariable)
                .OrderBy(e => e.Key, StringComparer.Ordinal)
                // Kubernetes would expand "$(NAME)"; doubled, each $ is one.
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
