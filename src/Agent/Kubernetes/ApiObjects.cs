using System.Text.Json;
using System.Text.Json.Serialization;

namespace Coder.Mesh.Agent.Kubernetes;

// The parts of Kubernetes' objects that the agent reads. They take a quarter of the memory of the library's models.

/// <summary>An object of a kind that the agent lists and watches.</summary>
internal interface IClusterObject
{
    ObjectMeta Metadata { get; }
}

internal sealed record ObjectMeta(
    string Name,
    string? Uid = null,
    string? ResourceVersion = null,
    long Generation = 0,
    DateTimeOffset? CreationTimestamp = null,
    DateTimeOffset? DeletionTimestamp = null,
    ObjectLabels? Labels = null,
    ObjectAnnotations? Annotations = null,
    IReadOnlyList<string>? Finalizers = null,
    FieldOwners? ManagedFields = null
)
{
    [JsonIgnore]
    public bool Deleting => DeletionTimestamp is not null;
}

internal sealed record ObjectLabels(
    [property: JsonPropertyName(Names.ManagedBy)] string? ManagedBy = null,
    [property: JsonPropertyName(Names.Resource)] string? Resource = null,
    [property: JsonPropertyName(Names.WorkspaceId)] string? WorkspaceId = null,
    [property: JsonPropertyName(Names.ProviderId)] string? ProviderId = null,
    [property: JsonPropertyName(Names.DeploymentId)] string? DeploymentId = null
);

internal sealed record ObjectAnnotations(
    [property: JsonPropertyName(Names.Generation)] string? Generation = null,
    [property: JsonPropertyName(Names.WorkspaceName)] string? WorkspaceName = null,
    [property: JsonPropertyName(Names.AuxiliaryObjects)] string? AuxiliaryObjects = null,
    [property: JsonPropertyName(Names.Restart)] string? Restart = null
);

/// <summary>An object of which only the owner matters.</summary>
internal sealed record PlainObject(ObjectMeta Metadata) : IClusterObject;

internal sealed record DeploymentObject(
    ObjectMeta Metadata,
    DeploymentObject.DeploymentSpec? Spec = null,
    DeploymentObject.DeploymentStatus? Status = null
) : IClusterObject
{
    internal sealed record DeploymentSpec(int? Replicas = null, PodTemplate? Template = null, bool Paused = false);

    internal sealed record PodTemplate(PodSpec? Spec = null, TemplateMeta? Metadata = null);

    internal sealed record TemplateMeta(ObjectAnnotations? Annotations = null);

    internal sealed record PodSpec(IReadOnlyList<Container>? Containers = null, string? SchedulerName = null);

    internal sealed record Container(
        string Name,
        string? Image = null,
        IReadOnlyList<string>? Command = null,
        IReadOnlyList<EnvVar>? Env = null,
        IReadOnlyList<EnvSource>? EnvFrom = null,
        ContainerResources? Resources = null,
        string? WorkingDir = null
    );

    internal sealed record EnvVar(string Name, string? Value = null);

    internal sealed record EnvSource(SecretReference? SecretRef = null);

    internal sealed record SecretReference(string? Name = null);

    internal sealed record ContainerResources(ComputeLimits? Limits = null);

    internal sealed record ComputeLimits(string? Cpu = null, string? Memory = null);

    internal sealed record DeploymentStatus(
        long ObservedGeneration = 0,
        int Replicas = 0,
        int UpdatedReplicas = 0,
        int ReadyReplicas = 0,
        IReadOnlyList<ObjectCondition>? Conditions = null
    );
}

/// <summary>Pod template and field managers of a Deployment, as received; used for an apply and not kept.</summary>
internal sealed record DeploymentContent(DeploymentContent.ContentMeta Metadata, DeploymentContent.ContentSpec Spec)
{
    internal sealed record ContentMeta(
        string ResourceVersion,
        ObjectAnnotations? Annotations = null,
        JsonElement? ManagedFields = null
    );

    internal sealed record ContentSpec(ContentTemplate Template);

    internal sealed record ContentTemplate(JsonElement Spec);
}

internal sealed record ClaimObject(
    ObjectMeta Metadata,
    ClaimObject.ClaimSpec? Spec = null,
    ClaimObject.ClaimStatus? Status = null
) : IClusterObject
{
    internal sealed record ClaimSpec(
        string? StorageClassName = null,
        ClaimResources? Resources = null,
        string? VolumeName = null
    );

    internal sealed record ClaimResources(ClaimRequests? Requests = null);

    internal sealed record ClaimRequests(string? Storage = null);

    internal sealed record ClaimStatus(string? Phase = null);
}

internal sealed record PodObject(
    ObjectMeta Metadata,
    PodObject.PodStatus? Status = null,
    PodObject.PodPlacement? Spec = null
) : IClusterObject
{
    /// <summary>The workspace whose claim the pod mounts; null if it mounts none.</summary>
    [JsonIgnore]
    public string? MountedWorkspace =>
        Spec
            ?.Volumes?.Select(v => Names.WorkspaceOf(v.PersistentVolumeClaim?.ClaimName, generated: false))
            .FirstOrDefault(id => id is not null);

    internal sealed record PodPlacement(
        string? NodeName = null,
        string? SchedulerName = null,
        IReadOnlyList<PodVolume>? Volumes = null
    );

    internal sealed record PodVolume(ClaimSource? PersistentVolumeClaim = null);

    internal sealed record ClaimSource(string? ClaimName = null);

    internal sealed record PodStatus(
        string? Phase = null,
        IReadOnlyList<ObjectCondition>? Conditions = null,
        IReadOnlyList<ContainerStatus>? ContainerStatuses = null,
        string? Reason = null,
        string? Message = null,
        IReadOnlyList<ContainerStatus>? InitContainerStatuses = null
    );

    internal sealed record ContainerStatus(
        string Name,
        int RestartCount = 0,
        ContainerState? State = null,
        ContainerState? LastState = null,
        bool Ready = false
    );

    internal sealed record ContainerState(
        ContainerWaiting? Waiting = null,
        ContainerTerminated? Terminated = null,
        ContainerRunning? Running = null
    );

    internal sealed record ContainerRunning(DateTimeOffset? StartedAt = null);

    internal sealed record ContainerWaiting(string? Reason = null, string? Message = null);

    internal sealed record ContainerTerminated(
        string? Reason = null,
        int ExitCode = 0,
        string? Message = null,
        DateTimeOffset? FinishedAt = null
    );
}

internal sealed record ObjectCondition(
    string Type,
    string Status,
    string? Reason = null,
    string? Message = null,
    DateTimeOffset? LastTransitionTime = null
);

/// <summary>An Event about an object. It is updated in place when it recurs.</summary>
internal sealed record EventObject(
    ObjectMeta Metadata,
    EventObject.ObjectReference? InvolvedObject = null,
    string? Type = null,
    string? Reason = null,
    string? Message = null,
    DateTimeOffset? FirstTimestamp = null,
    DateTimeOffset? LastTimestamp = null,
    DateTimeOffset? EventTime = null,
    EventObject.EventSeries? Series = null
) : IClusterObject
{
    internal sealed record ObjectReference(string? Kind = null, string? Name = null, string? Uid = null);

    internal sealed record EventSeries(DateTimeOffset? LastObservedTime = null);
}

internal sealed record NamespaceObject(ObjectMeta Metadata, NamespaceObject.NamespaceStatus? Status = null)
{
    internal sealed record NamespaceStatus(string? Phase = null);
}

internal sealed record ServerVersion(string GitVersion);

internal sealed record ObjectList<T>(ListMeta Metadata, IReadOnlyList<T>? Items);

internal sealed record ListMeta(string? ResourceVersion = null, string? Continue = null);

/// <param name="Object">The object; the API server's own <see cref="ApiStatus"/> when the type is ERROR.</param>
internal sealed record WatchEvent(string Type, JsonElement Object);

/// <summary>The API server's description of a refusal.</summary>
internal sealed record ApiStatus(
    string? Reason = null,
    string? Message = null,
    int Code = 0,
    ApiStatus.StatusDetails? Details = null
)
{
    internal sealed record StatusDetails(IReadOnlyList<StatusCause>? Causes = null, int RetryAfterSeconds = 0);

    internal sealed record StatusCause(string? Reason = null, string? Message = null, string? Field = null);
}

internal sealed record DeleteOptions(string PropagationPolicy, DeleteOptions.DeletePreconditions Preconditions)
{
    public string ApiVersion => "v1";

    public string Kind => "DeleteOptions";

    internal sealed record DeletePreconditions(string Uid, string ResourceVersion);
}

internal sealed record ScalePatch(ScalePatch.ScaleMeta Metadata, ScalePatch.ScaleSpec Spec)
{
    internal sealed record ScaleMeta(string ResourceVersion);

    internal sealed record ScaleSpec(int Replicas);
}

/// <summary>One operation of a JSON patch.</summary>
internal sealed record PatchOperation(string Op, string Path, JsonElement Value);

internal sealed record RulesReview(RulesReview.RulesSpec? Spec = null, RulesReview.RulesStatus? Status = null)
{
    public string ApiVersion => "authorization.k8s.io/v1";

    public string Kind => "SelfSubjectRulesReview";

    internal sealed record RulesSpec(string Namespace);

    internal sealed record RulesStatus(bool Incomplete = false, IReadOnlyList<ResourceRule>? ResourceRules = null);
}

internal sealed record ResourceRule(
    IReadOnlyList<string> Verbs,
    IReadOnlyList<string>? ApiGroups = null,
    IReadOnlyList<string>? Resources = null,
    IReadOnlyList<string>? ResourceNames = null
);

internal sealed record AccessReview(AccessReview.AccessSpec? Spec = null, AccessReview.AccessStatus? Status = null)
{
    public string ApiVersion => "authorization.k8s.io/v1";

    public string Kind => "SelfSubjectAccessReview";

    internal sealed record AccessSpec(ResourceAttributesSpec ResourceAttributes);

    internal sealed record ResourceAttributesSpec(
        string Namespace,
        string Verb,
        string Group,
        string Resource,
        string? Name
    );

    internal sealed record AccessStatus(bool Allowed = false);
}
