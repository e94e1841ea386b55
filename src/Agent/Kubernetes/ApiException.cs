using System.Net;
using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The API server answered, and refused.</summary>
/// <param name="retryAfter">What the answer's header asked for; null if it has none.</param>
internal sealed class ApiException(HttpStatusCode status, ApiStatus? body, string fallback, TimeSpan? retryAfter = null)
    : Exception(body?.Message is { Length: > 0 } message ? message : fallback)
{
    private const int MessageLimit = 1024;

    // Whoever asks for more, perhaps by a clock that is wrong, is asked again all the same.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(1);

    public HttpStatusCode Status => status;

    /// <summary>How long the server asked to be left alone; zero if it didn't.</summary>
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

    /// <summary>The resourceVersion that was watched or listed from is no longer kept.</summary>
    public bool Expired => status == HttpStatusCode.Gone;

    /// <summary>The agent isn't let in, or isn't allowed to.</summary>
    public bool Denied => status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    /// <summary>The object isn't the one that was decided from any more: read again, decide again.</summary>
    public bool Stale =>
        status switch
        {
            HttpStatusCode.Conflict => !FieldConflict && !ByAdmission,
            // An object that was replaced by another of its name: servers before 1.22 call that invalid.
            HttpStatusCode.UnprocessableEntity => Causes.Any(c => c.Field == "metadata.uid"),
            _ => false,
        };

    // A webhook that answers so for a passing reason is taken at its word.
    private bool ByAdmission =>
        status < HttpStatusCode.InternalServerError
        && status != HttpStatusCode.TooManyRequests
        && ApiMessages.IsAdmission(Message);

    /// <summary>Whether it is the agent as a whole that is refused, or asked to wait: another request fares no better.</summary>
    public bool ForEverything =>
        status is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests && !ByAdmission;

    /// <summary>Whether no other manager than this one stands in the way of an apply.</summary>
    public bool ConflictsOnlyWith(string manager) => Conflicts(c => FieldConflicts.IsWith(c, manager));

    /// <summary>
    /// Whether nobody stands in the way of an apply but this manager and those who have changed the object, as kubectl edit,
    /// patch and scale do: they don't declare what it should be.
    /// </summary>
    public bool ConflictsOnlyWithChanges(string manager) =>
        Conflicts(c => FieldConflicts.IsWith(c, manager) || FieldConflicts.IsChange(c));

    private bool Conflicts(Func<ApiStatus.StatusCause, bool> all) =>
        status == HttpStatusCode.Conflict
        && FieldConflict
        && Causes.Where(c => c.Reason == FieldConflicts.Reason).All(all);

    private bool FieldConflict => Causes.Any(c => c.Reason == FieldConflicts.Reason);

    /// <summary>The refusal in the driver's words.</summary>
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
            // The answer to an apply with a field that the schema hasn't, or of another type: it will be no better later.
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

    // The message of an immutable field holds a diff of Go structs over many lines; the causes say it in one.
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
