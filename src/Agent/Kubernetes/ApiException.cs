using System.Net;
using Coder.Mesh.Agent.Reconcile;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The API server answered, and refused.</summary>
/// <param name="retryAfter">What the answer's header asked for; null if it has none.</param>
internal sealed class ApiException(HttpStatusCode status, ApiStatus? body, string fallback, TimeSpan? retryAfter = null)
    : Exception(body?.Message is { Length: > 0 } message ? message : fallback)
{
    private const int MessageLimit = 1024;
    private const string FieldManagerConflict = "FieldManagerConflict";

    // Whoever asks for more, perhaps by a clock that is wrong, is asked again all the same.
    private static readonly TimeSpan MostPatience = TimeSpan.FromMinutes(1);

    public HttpStatusCode Status => status;

    /// <summary>How long the server asked to be left alone; zero if it didn't.</summary>
    public TimeSpan RetryAfter
    {
        get
        {
            var asked = retryAfter ?? TimeSpan.FromSeconds(body?.Details?.RetryAfterSeconds ?? 0);
            return asked < TimeSpan.Zero ? TimeSpan.Zero
                : asked > MostPatience ? MostPatience
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
            HttpStatusCode.Conflict => !FieldConflict,
            // An object that was replaced by another of its name: servers before 1.22 call that invalid.
            HttpStatusCode.UnprocessableEntity => Causes.Any(c => c.Field == "metadata.uid"),
            _ => false,
        };

    // Admission refuses with the same status; the words of an authorizer are always these.
    private bool Unauthorized =>
        Message.Contains("User \"", StringComparison.Ordinal) && Message.Contains(" cannot ", StringComparison.Ordinal);

    /// <summary>Whether no other manager than this one stands in the way of an apply.</summary>
    public bool ConflictsOnlyWith(string manager) =>
        status == HttpStatusCode.Conflict
        && FieldConflict
        && Causes
            .Where(c => c.Reason == FieldManagerConflict)
            .All(c => c.Message?.StartsWith($"conflict with \"{manager}\"", StringComparison.Ordinal) == true);

    private bool FieldConflict => Causes.Any(c => c.Reason == FieldManagerConflict);

    /// <summary>The refusal in the driver's words.</summary>
    public ClusterException ToClusterException() =>
        status switch
        {
            HttpStatusCode.Unauthorized => Coded(ClusterCodes.CredentialsRejected, transient: true),
            HttpStatusCode.Forbidden when Causes.Any(c => c.Reason == "NamespaceTerminating") => Coded(
                ClusterCodes.NamespaceTerminating
            ),
            HttpStatusCode.Forbidden when Message.Contains("exceeded quota", StringComparison.Ordinal) => Coded(
                ClusterCodes.QuotaExceeded
            ),
            HttpStatusCode.Forbidden => Coded(
                Unauthorized ? ClusterCodes.PermissionsInsufficient : ClusterCodes.ClusterRefused
            ),
            HttpStatusCode.NotFound when Message.StartsWith("namespaces ", StringComparison.Ordinal) => Coded(
                ClusterCodes.NamespaceMissing
            ),
            HttpStatusCode.Conflict when FieldConflict => new ClusterException(
                ClusterCodes.FieldConflict,
                Cut(string.Join("; ", Causes.Select(c => $"{c.Field}: {c.Message}"))),
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
