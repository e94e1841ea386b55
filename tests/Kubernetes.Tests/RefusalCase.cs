namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>Why the cluster refuses.</summary>
public enum Cause
{
    Quota,
    Admission,
    Rbac,
    Conflict,
    Immutable,
    Finalizer,
}

/// <summary>
/// What a workspace shows for each wish while its cluster refuses one of its objects. A cell is the state, then the
/// code, and a
/// <c>+</c> where the message alone says what is waited for. A code with a <c>?</c> is shown once the agent has tried
/// to make up for what a stop doesn't need.
/// </summary>
/// <param name="Fresh">The cause is there before the workspace is; else it comes to one that runs.</param>
/// <param name="Start">The first start of one that is fresh; else the one after the stop.</param>
/// <param name="Words">What of the cause stands in each message.</param>
public sealed record RefusalCase(
    Cause Cause,
    string Kind,
    bool Fresh,
    string Start,
    string Update,
    string Restart,
    string Stop,
    string Delete,
    string Words
)
{
    private const string Deployment = "deployments";
    private const string Claim = "persistentvolumeclaims";

    public static readonly string[] Objects = [Deployment, Claim, "serviceaccounts", "networkpolicies", "services"];

    private static readonly string[] AuxiliaryObjects = Objects[2..];

    public static IReadOnlyList<RefusalCase> All { get; } =
    [
        .. Made(Cause.Quota, "quota_exceeded", "exceeded quota"),
        .. Made(Cause.Admission, "cluster_refused", "policy.test.mesh.coder.com"),
        .. Changed(Cause.Admission, "cluster_refused", "policy.test.mesh.coder.com"),
        .. Made(Cause.Rbac, "permissions_insufficient", "cannot"),
        .. Changed(Cause.Rbac, "permissions_insufficient", "cannot"),
        .. Held(),
        .. Fixed(),
        .. Kept(),
    ];

    /// <summary>An object that may not be made; nothing of what is there is deleted against anybody's will.</summary>
    private static IEnumerable<RefusalCase> Made(Cause cause, string code, string words) =>
        Objects.Select(o =>
        {
            // No pod comes to run without these.
            var state = o is Deployment or Claim or "serviceaccounts" ? $"Failed {code}" : $"Running {code}";
            var stopped = o is Deployment or Claim ? $"Stopped {code}" : $"Stopped {code}?";
            return new RefusalCase(cause, o, Fresh: true, state, state, state, stopped, "Deleted", words);
        });

    /// <summary>An object that may be neither changed nor deleted.</summary>
    private static IEnumerable<RefusalCase> Changed(Cause cause, string code, string words) =>
        Objects.Select(o =>
        {
            var (state, stopped) = o switch
            {
                Deployment => ($"Failed {code}", $"Stopped {code}"),
                // None of these wishes changes it.
                Claim => ("Running", "Stopped"),
                _ => ($"Running {code}", $"Stopped {code}?"),
            };
            return new RefusalCase(cause, o, Fresh: false, state, state, state, stopped, "Deleting +", words);
        });

    /// <summary>Somebody else has changed a field by hand.</summary>
    private static IEnumerable<RefusalCase> Held() =>
        Objects.Select(o =>
        {
            var state = o == Deployment ? "Failed field_conflict" : "Running field_conflict";
            var stopped = o is Deployment or Claim ? "Stopped field_conflict" : "Stopped field_conflict?";
            return new RefusalCase(
                Cause.Conflict,
                o,
                Fresh: false,
                state,
                state,
                state,
                stopped,
                "Deleted",
                "another-controller"
            );
        });

    /// <summary>
    /// What the API server lets nobody change: a Deployment's selector, a disk's size, a Service's address.
    /// </summary>
    private static IEnumerable<RefusalCase> Fixed()
    {
        const string Invalid = "Failed invalid_object";
        const string NoGrowth = "disk_resize_refused";
        yield return new(
            Cause.Immutable,
            Deployment,
            Fresh: true,
            Invalid,
            Invalid,
            Invalid,
            "Stopped invalid_object",
            "Deleted",
            "immutable"
        );
        yield return new(
            Cause.Immutable,
            Claim,
            Fresh: false,
            $"Running {NoGrowth}",
            $"Running {NoGrowth}",
            $"Running {NoGrowth}",
            $"Stopped {NoGrowth}",
            "Deleted",
            "only dynamically provisioned pvc can be resized"
        );
        const string Address = "Running invalid_object";
        yield return new(
            Cause.Immutable,
            "services",
            Fresh: true,
            Address,
            Address,
            Address,
            "Stopped invalid_object?",
            "Deleted",
            "spec.clusterIP"
        );
    }

    /// <summary>Somebody else has deleted it, and a finalizer keeps it.</summary>
    private static IEnumerable<RefusalCase> Kept()
    {
        const string Finalizer = "example.com/keep";
        // Nobody acts on a Deployment that is being deleted any more: its pod goes with it.
        yield return new(
            Cause.Finalizer,
            Deployment,
            Fresh: false,
            "Stopping +",
            "Running +",
            "Running +",
            "Stopping +",
            "Deleting +",
            Finalizer
        );
        yield return new(
            Cause.Finalizer,
            Claim,
            Fresh: false,
            "Stopped volume_deleting",
            "Stopped volume_deleting",
            "Stopped volume_deleting",
            "Stopped volume_deleting",
            "Deleting +",
            Finalizer
        );
        foreach (var item in AuxiliaryObjects)
            yield return new(
                Cause.Finalizer,
                item,
                Fresh: false,
                "Running",
                "Running",
                "Running",
                "Stopped",
                "Deleting +",
                Finalizer
            );
    }
}
