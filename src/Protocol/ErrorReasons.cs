namespace Coder.Mesh.Protocol;

/// <summary>
/// Stable reasons of <c>google.rpc.ErrorInfo</c>. docs/errors.md describes each one and its remedy.
/// </summary>
public static class ErrorReasons
{
    /// <summary>Domain of every ErrorInfo of the control plane.</summary>
    public const string Domain = "mesh.coder.com";

    public const string InvalidArgument = "INVALID_ARGUMENT";
    public const string TokenMissing = "TOKEN_MISSING";
    public const string TokenInvalid = "TOKEN_INVALID";
    public const string TokenNotFound = "TOKEN_NOT_FOUND";
    public const string TokenInUse = "TOKEN_IN_USE";
    public const string AuthenticationBusy = "AUTHENTICATION_BUSY";
    public const string PermissionDenied = "PERMISSION_DENIED";
    public const string Internal = "INTERNAL";
    public const string RouteNotFound = "ROUTE_NOT_FOUND";
    public const string MethodNotAllowed = "METHOD_NOT_ALLOWED";
    public const string BodyInvalid = "BODY_INVALID";
    public const string BodyTooLarge = "BODY_TOO_LARGE";
    public const string BodyIncomplete = "BODY_INCOMPLETE";
    public const string TimeoutInvalid = "TIMEOUT_INVALID";
    public const string DeadlineExceeded = "DEADLINE_EXCEEDED";
    public const string HeadersTooLarge = "HEADERS_TOO_LARGE";

    public const string EtagMismatch = "ETAG_MISMATCH";
    public const string RequestIdReused = "REQUEST_ID_REUSED";

    public const string ProviderNotFound = "PROVIDER_NOT_FOUND";
    public const string ProviderExists = "PROVIDER_EXISTS";
    public const string ProviderBuiltIn = "PROVIDER_BUILT_IN";
    public const string ProviderIsDefault = "PROVIDER_IS_DEFAULT";
    public const string ProviderInUse = "PROVIDER_IN_USE";
    public const string ProviderLastOfOrganization = "PROVIDER_LAST_OF_ORGANIZATION";
    public const string ProviderCordoned = "PROVIDER_CORDONED";
    public const string ProviderNotLost = "PROVIDER_NOT_LOST";
    public const string ProviderNoCluster = "PROVIDER_NO_CLUSTER";
    public const string ProviderTokenInUse = "PROVIDER_TOKEN_IN_USE";
    public const string ProviderTokenNotFound = "PROVIDER_TOKEN_NOT_FOUND";
    public const string OrganizationNotFound = "ORGANIZATION_NOT_FOUND";
    public const string OrganizationAmbiguous = "ORGANIZATION_AMBIGUOUS";
    public const string OrganizationExists = "ORGANIZATION_EXISTS";
    public const string OrganizationInUse = "ORGANIZATION_IN_USE";
    public const string OrganizationUsesProvider = "ORGANIZATION_USES_PROVIDER";
    public const string WorkspaceNotFound = "WORKSPACE_NOT_FOUND";
    public const string WorkspaceAmbiguous = "WORKSPACE_AMBIGUOUS";
    public const string WorkspaceExists = "WORKSPACE_EXISTS";
    public const string WorkspaceDeleting = "WORKSPACE_DELETING";
    public const string WorkspaceNotStuck = "WORKSPACE_NOT_STUCK";
    public const string OwnerEmailUnknown = "OWNER_EMAIL_UNKNOWN";
    public const string OrphanNotFound = "ORPHAN_NOT_FOUND";
    public const string PlacementRefused = "PLACEMENT_REFUSED";
    public const string ConcurrentChange = "CONCURRENT_CHANGE";
    public const string StoreUnavailable = "STORE_UNAVAILABLE";
    public const string ResumeTokenExpired = "RESUME_TOKEN_EXPIRED";
    public const string WatchTooSlow = "WATCH_TOO_SLOW";
    public const string TooManyCalls = "TOO_MANY_CALLS";
    public const string TooManyWatches = "TOO_MANY_WATCHES";

    public const string VersionUnsupported = "VERSION_UNSUPPORTED";
    public const string NamespaceTaken = "NAMESPACE_TAKEN";
    public const string NamespaceChanged = "NAMESPACE_CHANGED";
    public const string ClusterMismatch = "CLUSTER_MISMATCH";
    public const string ProviderDeleted = "PROVIDER_DELETED";

    public const string SessionSuperseded = "SESSION_SUPERSEDED";
    public const string SessionTooSlow = "SESSION_TOO_SLOW";
    public const string SessionFlooding = "SESSION_FLOODING";
    public const string SessionUnresponsive = "SESSION_UNRESPONSIVE";
    public const string ServerRestarting = "SERVER_RESTARTING";
    public const string ProtocolViolation = "PROTOCOL_VIOLATION";
    public const string TooManySessions = "TOO_MANY_SESSIONS";
    public const string TooManyAttaches = "TOO_MANY_ATTACHES";
    public const string AttachBacklog = "ATTACH_BACKLOG";
    public const string HelloTimeout = "HELLO_TIMEOUT";
    public const string SessionFailed = "SESSION_FAILED";
}
