using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Checks the cluster once: whether it answers, which one it is, whether the agent can work in it, and what else to
/// report.
/// </summary>
/// <remarks>
/// A single failed check makes <see cref="ConditionTypes.ClusterReachable"/> false. The caller decides how many
/// consecutive failures count.
/// </remarks>
internal sealed class ReadinessProbe(
    KubernetesApi api,
    StorageProbe storage,
    CredentialProbe credential,
    WatchHealth watches,
    KubernetesOptions options,
    TimeProvider time
)
{
    public async Task<ClusterProbe> Check(CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(options.ProbeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        var version = Try(ReadVersion, either.Token, ct);
        var ns = Try(ReadNamespace, either.Token, ct);
        var missing = Try(FindMissingPermissions, either.Token, ct);
        var classes = Try(storage.Check, either.Token, ct);
        var expiry = Try(credential.Check, either.Token, ct);
        await Task.WhenAll(version, ns, missing, classes, expiry);

        var facts = new ClusterFacts
        {
            Namespace = api.Namespace,
            KubernetesVersion = version.Result.Value?.GitVersion ?? "",
            Driver = "kubernetes",
        };
        var reachable = Reachable(ns.Result, version.Result, missing.Result);
        return new ClusterProbe(
            ns.Result.Value?.Metadata.Uid ?? "",
            facts,
            [
                reachable,
                NamespaceReady(ns.Result),
                PermissionsSufficient(missing.Result, api.Namespace),
                StorageReady(reachable, classes.Result),
                Advisory(ConditionTypes.CredentialExpiry, expiry.Result),
            ]
        );
    }

    private Task<ServerVersion> ReadVersion(CancellationToken ct) =>
        api.Read("get", "version", "version", KubernetesJsonContext.Default.ServerVersion, ct);

    private Task<NamespaceObject> ReadNamespace(CancellationToken ct) =>
        api.Read(
            "get",
            "namespaces",
            $"api/v1/namespaces/{Uri.EscapeDataString(api.Namespace)}",
            KubernetesJsonContext.Default.NamespaceObject,
            ct
        );

    private async Task<IReadOnlyList<string>> FindMissingPermissions(CancellationToken ct)
    {
        var question = new RulesReview(new RulesReview.RulesSpec(api.Namespace));
        var review = await api.Review(
            "selfsubjectrulesreviews",
            question,
            KubernetesJsonContext.Default.RulesReview,
            ct
        );
        var rules = review.Status?.ResourceRules ?? [];
        var open =
            from permission in RequiredPermissions.In(api.Namespace).Where(p => !p.Optional)
            from verb in permission.Verbs
            where !rules.Any(rule => permission.AllowedBy(rule, verb))
            select (Permission: permission, Verb: verb);

        // A rules review does not include what a webhook authorizer would allow, so the remaining permissions are
        // reviewed one by one.
        var answers = await Task.WhenAll(open.Select(async o => (o, Allowed: await Allowed(o.Permission, o.Verb, ct))));
        return [.. answers.Where(a => !a.Allowed).Select(a => a.o.Permission.Describe(a.o.Verb))];
    }

    private async Task<bool> Allowed(RequiredPermission permission, string verb, CancellationToken ct)
    {
        var attributes = new AccessReview.ResourceAttributesSpec(
            api.Namespace,
            verb,
            permission.Group,
            permission.Resource,
            permission.Name
        );
        var question = new AccessReview(new AccessReview.AccessSpec(attributes));
        var answer = await api.Review(
            "selfsubjectaccessreviews",
            question,
            KubernetesJsonContext.Default.AccessReview,
            ct
        );
        return answer.Status?.Allowed == true;
    }

    // A server that answers, even with a refusal, is reachable. It answers version and rules from memory, though; only
    // an object shows that it reaches its store.
    private ProbedCondition Reachable(CheckResult stored, params IEnumerable<CheckResult> others)
    {
        if (stored.Unreachable is { } unreachable)
            return False(
                ConditionTypes.ClusterReachable,
                ClusterCodes.ClusterUnreachable,
                others.Any(l => l.Unreachable is null)
                    ? $"The API server answers, but not from its store: {unreachable.Message}"
                    : unreachable.Message
            );
        return watches.StalledWatches() is { } deaf
            ? False(ConditionTypes.ClusterReachable, ClusterCodes.WatchFailing, deaf)
            : True(ConditionTypes.ClusterReachable);
    }

    private ProbedCondition NamespaceReady(CheckResult<NamespaceObject> result) =>
        result switch
        {
            { Refused.Status: System.Net.HttpStatusCode.NotFound } => False(
                ConditionTypes.NamespaceReady,
                ClusterCodes.NamespaceMissing,
                $"There is no namespace \"{api.Namespace}\" in the cluster. Create it (kubectl create namespace {api.Namespace}), "
                    + $"and apply the agent's Role (mesh-agent role --namespace {api.Namespace} | kubectl apply -f -)."
            ),
            { Refused.Status: System.Net.HttpStatusCode.Forbidden } => Unknown(
                ConditionTypes.NamespaceReady,
                $"The namespace \"{api.Namespace}\" may not be read: it doesn't exist, or the agent's Role lacks "
                    + $"get on namespaces/{api.Namespace}."
            ),
            { Value: { Metadata.Deleting: true } or { Status.Phase: "Terminating" } } => False(
                ConditionTypes.NamespaceReady,
                ClusterCodes.NamespaceTerminating,
                $"The namespace \"{api.Namespace}\" is being deleted."
            ),
            { Value: not null } => True(ConditionTypes.NamespaceReady),
            _ => Unknown(ConditionTypes.NamespaceReady, result.Reason),
        };

    private static ProbedCondition PermissionsSufficient(CheckResult<IReadOnlyList<string>> result, string ns) =>
        result.Value switch
        {
            null => Unknown(ConditionTypes.PermissionsSufficient, result.Reason),
            [] => True(ConditionTypes.PermissionsSufficient),
            // One cause instead of one for each verb.
            var all when all.Count == RequiredPermissions.In(ns).Where(p => !p.Optional).Sum(p => p.Verbs.Count) =>
                False(
                    ConditionTypes.PermissionsSufficient,
                    ClusterCodes.PermissionsInsufficient,
                    $"The agent may do nothing in namespace \"{ns}\": the namespace doesn't exist, or the agent's Role isn't applied "
                        + $"there. Create it (kubectl create namespace {ns}) and apply the Role "
                        + $"(mesh-agent role --namespace {ns} | kubectl apply -f -)."
                ),
            var missing => False(
                ConditionTypes.PermissionsSufficient,
                ClusterCodes.PermissionsInsufficient,
                $"The agent's Role lacks: {string.Join(", ", missing)}."
            ),
        };

    // The result of an earlier check does not apply to an unreachable cluster.
    private static ProbedCondition StorageReady(ProbedCondition reachable, CheckResult<ProbedCondition> result) =>
        reachable.Status == ConditionStatus.True
            ? Advisory(ConditionTypes.StorageReady, result)
            : Unknown(ConditionTypes.StorageReady, reachable.Message);

    private static ProbedCondition Advisory(string type, CheckResult<ProbedCondition> result) =>
        result.Value ?? Unknown(type, result.Reason);

    private static async Task<CheckResult<T>> Try<T>(
        Func<CancellationToken, Task<T>> check,
        CancellationToken deadline,
        CancellationToken ct
    )
        where T : class
    {
        try
        {
            return new CheckResult<T>(await check(deadline));
        }
        catch (ApiException e)
        {
            // A 5xx may come from a gateway or from a server that is starting, so the API counts as unreachable.
            return e.Status >= System.Net.HttpStatusCode.InternalServerError
                ? new CheckResult<T>(null, Unreachable: e.ToClusterException())
                : new CheckResult<T>(null, Refused: e);
        }
        catch (ClusterException e)
        {
            return new CheckResult<T>(null, Unreachable: e);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            return new CheckResult<T>(
                null,
                Unreachable: Transport.Unreachable(Transport.Explains(e, ct) ?? e.Message, e)
            );
        }
    }

    private static ProbedCondition True(string type) => new(type, ConditionStatus.True);

    private static ProbedCondition False(string type, string code, string message) =>
        new(type, ConditionStatus.False, code, message);

    private static ProbedCondition Unknown(string type, string message) =>
        new(type, ConditionStatus.Unknown, ClusterCodes.NotDetermined, message);

    /// <param name="Refused">Set if the server answered with a refusal.</param>
    /// <param name="Unreachable">Set if no server answered.</param>
    private record CheckResult(ApiException? Refused, ClusterException? Unreachable)
    {
        public string Reason => Refused?.Message ?? Unreachable?.Message ?? "";
    }

    private sealed record CheckResult<T>(T? Value, ApiException? Refused = null, ClusterException? Unreachable = null)
        : CheckResult(Refused, Unreachable)
        where T : class;
}
