using System.Net;
using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The API server refused a request.</summary>
/// <param name="retryAfter">Delay in the response's header; null if it has none.</param>
internal sealed class ApiException(HttpStatusCode status, ApiStatus? body, string fallback, TimeSpan? retryAfter = null)
    : Exception(body?.Message is { Length: > 0 } message ? message : fallback)
{
    private const int MessageLimit = 1024;

    // Longer delays, perhaps by a wrong clock, are shortened.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(1);

    public HttpStatusCode Status => status;

    /// <summary>Delay that the server asked for; zero if none.</summary>
    public TimeSpan RetryAfter
    {
        get
        {
            var asked = retryAfter ?? TimeSpan.FromSeconds(body?.Details?.RetryAfterSeconds ?? 0);
            return asked < TimeSpan.Zero ? TimeSpan.Zero
                : asked > MaxRetryAfter ? MaxRetryAfter
                : asked;
        }
    }

    private IReadOnlyList<ApiStatus.StatusCause> Causes => body?.Details?.Causes ?? [];

    /// <summary>Whether the resourceVersion of a watch or list is no longer available.</summary>
    public bool Expired => status == HttpStatusCode.Gone;

    /// <summary>Whether the agent is not authenticated or not authorized.</summary>
    public bool Denied => status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    /// <summary>
    /// Whether the object is no longer the one that the decision was based on, so that it has to be read again.
    /// </summary>
    public bool Stale =>
        status switch
        {
            HttpStatusCode.Conflict => !FieldConflict && !ByAdmission,
            // The object was replaced by another of the same name: servers before 1.22 call that invalid.
            HttpStatusCode.UnprocessableEntity => Causes.Any(c => c.Field == "metadata.uid"),
            _ => false,
        };

    // A webhook may also use these codes for a temporary reason.
    private bool ByAdmission =>
        status < HttpStatusCode.InternalServerError
        && status != HttpStatusCode.TooManyRequests
        && ApiMessages.IsAdmission(Message);

    /// <summary>Whether the refusal concerns the agent as a whole, so that no other request would succeed.</summary>
    public bool ForEverything =>
        status is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests && !ByAdmission;

    /// <summary>Whether an apply conflicts with this manager only.</summary>
    public bool ConflictsOnlyWith(string manager) => Conflicts(c => FieldConflicts.IsWith(c, manager));

    /// <summary>
    /// Whether an apply conflicts only with this manager and with managers that have changed the object, as kubectl
    /// edit, patch and scale do: they do not declare what the object should be.
    /// </summary>
    public bool ConflictsOnlyWithChanges(string manager) =>
        Conflicts(c => FieldConflicts.IsWith(c, manager) || FieldConflicts.IsChange(c));

    private bool Conflicts(Func<ApiStatus.StatusCause, bool> all) =>
        status == HttpStatusCode.Conflict
        && FieldConflict
        && Causes.Where(c => c.Reason == FieldConflicts.Reason).All(all);

    private bool FieldConflict => Causes.Any(c => c.Reason == FieldConflicts.Reason);

    /// <summary>Converts the refusal to the driver's exception.</summary>
    public ClusterException ToClusterException() =>
        status switch
        {
            _ when ByAdmission => Coded(ClusterCodes.ClusterRefused),
            HttpStatusCode.Unauthorized => Coded(ClusterCodes.CredentialsRejected, transient: true),
            HttpStatusCode.Forbidden => Forbidden(),
            HttpStatusCode.NotFound when Message.StartsWith("namespaces ", StringComparison.Ordinal) => Coded(
                ClusterCodes.NamespaceMissing
            ),
            HttpStatusCode.Conflict when FieldConflict => new ClusterException(
                ClusterCodes.FieldConflict,
                Cut(FieldConflicts.Describe(Causes)),
                transient: false,
                this
            ),
            HttpStatusCode.Conflict => Coded(ClusterCodes.Conflict, transient: true),
            HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest => Invalid(),
            // The response to an apply with a field that is unknown or of another type; a retry would not help.
            HttpStatusCode.InternalServerError
                when Message.Contains("failed to create typed patch object", StringComparison.Ordinal) => Invalid(),
            HttpStatusCode.TooManyRequests => Coded(ClusterCodes.ClusterOverloaded, transient: true),
            >= HttpStatusCode.InternalServerError => Coded(ClusterCodes.ClusterUnavailable, transient: true),
            _ => Coded(ClusterCodes.ClusterRefused),
        };

    private ClusterException Forbidden() =>
        Coded(
            Causes.Any(c => c.Reason == "NamespaceTerminating") ? ClusterCodes.NamespaceTerminating
            : ApiMessages.IsAuthorizer(Message) ? ClusterCodes.PermissionsInsufficient
            : ApiMessages.IsQuota(Message) ? ClusterCodes.QuotaExceeded
            : ApiMessages.IsLimitRange(Message) ? ClusterCodes.LimitExceeded
            : ClusterCodes.ClusterRefused
        );

    // The message about an immutable field contains a diff of Go structs over many lines; the causes are short.
    private ClusterException Invalid()
    {
        var causes = Causes.Select(c => $"{c.Field}: {FirstLine(c.Message)}").ToList();
        var message = causes.Count > 0 ? string.Join("; ", causes) : FirstLine(Message);
        return new ClusterException(ClusterCodes.InvalidObject, Cut(message), transient: false, this);
    }

    private ClusterException Coded(string code, bool transient = false) =>
        new(code, Cut(FirstLine(Message)), transient, this, RetryAfter);

    private static string FirstLine(string? text) => (text ?? "").Split('\n', 2)[0].Trim();

    private static string Cut(string text) => text.Length <= MessageLimit ? text : text[..MessageLimit];
}
