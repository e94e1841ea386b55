using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Observability;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The requests to the Kubernetes API that the agent makes, within one namespace.</summary>
/// <remarks>
/// Every request throws <see cref="ApiException"/> if the server refuses it, and <see cref="ClusterException"/> if the
/// server does not answer before the deadline.
/// </remarks>
internal sealed class KubernetesApi(
    KubernetesConnection connection,
    KubernetesOptions options,
    KubernetesMetrics metrics,
    TimeProvider time,
    ILogger<KubernetesApi> logger
)
{
    private static readonly ActivitySource Source = new(Tracing.SourceName);

    // A watch that exceeds its requested lifetime by this much is dead.
    private static readonly TimeSpan WatchMargin = TimeSpan.FromSeconds(30);

    public string Namespace => connection.Namespace;

    /// <returns>Null if the object does not exist.</returns>
    public async Task<T?> Get<T>(ApiResource<T> resource, string name, CancellationToken ct)
        where T : class
    {
        try
        {
            return await Read("get", resource.Plural, resource.Path(Namespace, name), resource.One, ct);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Reads any path, also outside of the agent's namespace.</summary>
    public Task<T> Read<T>(string verb, string resource, string path, JsonTypeInfo<T> type, CancellationToken ct) =>
        Call(
            verb,
            resource,
            () => new HttpRequestMessage(HttpMethod.Get, path),
            (r, token) => ApiContent.Parse(r, type, token),
            ct
        );

    public Task<ObjectList<T>> List<T>(
        ApiResource<T> resource,
        string selector,
        int limit,
        string? next,
        CancellationToken ct
    )
    {
        var path = $"{resource.Path(Namespace)}?labelSelector={Uri.EscapeDataString(selector)}&limit={limit}";
        if (next is not null)
            path += $"&continue={Uri.EscapeDataString(next)}";
        return Read("list", resource.Plural, path, resource.Many, ct);
    }

    /// <summary>Watches changes until the server ends the stream, which it is asked to do after the lifetime.</summary>
    /// <param name="opened">Called when the server has accepted the watch, which may be long before a change.</param>
    public async IAsyncEnumerable<WatchEvent> Watch(
        ApiResource resource,
        string selector,
        string resourceVersion,
        TimeSpan lifetime,
        Action opened,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var path =
            $"{resource.Path(Namespace)}?watch=1&allowWatchBookmarks=true&timeoutSeconds={(int)lifetime.TotalSeconds}"
            + $"&resourceVersion={Uri.EscapeDataString(resourceVersion)}"
            + $"&labelSelector={Uri.EscapeDataString(selector)}";
        using var response = await Call(
            "watch",
            resource.Plural,
            () => new HttpRequestMessage(HttpMethod.Get, path),
            static (r, _) => Task.FromResult(r),
            ct
        );
        opened();
        using var overdue = new CancellationTokenSource(lifetime + WatchMargin, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, overdue.Token);
        await using var stream = await response.Content.ReadAsStreamAsync(end.Token);
        var events = JsonSerializer
            .DeserializeAsyncEnumerable(stream, KubernetesJsonContext.Default.WatchEvent, true, end.Token)
            .GetAsyncEnumerator(end.Token);
        await using (events)
        {
            while (await Transport.Next(events, ct))
            {
                if (events.Current is { } change)
                    yield return change;
            }
        }
    }

    /// <summary>Applies an object by server-side apply.</summary>
    /// <param name="force">Whether to take over fields of other managers instead of being refused.</param>
    public Task Apply<T>(
        ApiResource resource,
        string name,
        T body,
        JsonTypeInfo<T> type,
        string fieldManager,
        bool force,
        CancellationToken ct
    ) => Apply(resource, name, body, type, fieldManager, force, ApiContent.Ignore, ct);

    /// <returns>The updated object.</returns>
    public Task<TObject> Apply<T, TObject>(
        ApiResource<TObject> resource,
        string name,
        T body,
        JsonTypeInfo<T> type,
        string fieldManager,
        bool force,
        CancellationToken ct
    ) => Apply(resource, name, body, type, fieldManager, force, (r, t) => ApiContent.Parse(r, resource.One, t), ct);

    /// <returns>The updated object.</returns>
    public Task<T> Patch<T>(
        ApiResource<T> resource,
        string name,
        PatchOperation[] operations,
        string fieldManager,
        CancellationToken ct
    ) =>
        Write(
            "patch",
            resource,
            name,
            HttpMethod.Patch,
            Managed(resource.Path(Namespace, name), fieldManager),
            () => ApiContent.JsonPatch(operations),
            (r, token) => ApiContent.Parse(r, resource.One, token),
            ct
        );

    private Task<TResult> Apply<T, TResult>(
        ApiResource resource,
        string name,
        T body,
        JsonTypeInfo<T> type,
        string fieldManager,
        bool force,
        Func<HttpResponseMessage, CancellationToken, Task<TResult>> read,
        CancellationToken ct
    ) =>
        Write(
            "apply",
            resource,
            name,
            HttpMethod.Patch,
            Managed(resource.Path(Namespace, name), fieldManager) + (force ? "&force=true" : ""),
            () => ApiContent.ApplyPatch(body, type),
            read,
            ct
        );

    /// <summary>Changes the number of pods of an object, if it is still the one that was read.</summary>
    public Task Scale(ApiResource resource, ObjectMeta read, int replicas, string fieldManager, CancellationToken ct)
    {
        var body = new ScalePatch(new(read.ResourceVersion ?? ""), new(replicas));
        var path = Managed($"{resource.Path(Namespace, read.Name)}/scale", fieldManager);
        return Write(
            "scale",
            resource,
            read.Name,
            HttpMethod.Patch,
            path,
            () => ApiContent.MergePatch(body, KubernetesJsonContext.Default.ScalePatch),
            ApiContent.Ignore,
            ct
        );
    }

    /// <summary>Deletes exactly the object that was read, and in the background the objects that it owns.</summary>
    public Task Delete(ApiResource resource, ObjectMeta read, CancellationToken ct)
    {
        var precondition = new DeleteOptions.DeletePreconditions(read.Uid ?? "", read.ResourceVersion ?? "");
        var body = new DeleteOptions("Background", precondition);
        var path = resource.Path(Namespace, read.Name);
        return Write(
            "delete",
            resource,
            read.Name,
            HttpMethod.Delete,
            path,
            () => ApiContent.Json(body, KubernetesJsonContext.Default.DeleteOptions),
            ApiContent.Ignore,
            ct
        );
    }

    /// <summary>Creates a review, which the API server answers and does not store.</summary>
    public Task<T> Review<T>(string plural, T question, JsonTypeInfo<T> type, CancellationToken ct) =>
        Call(
            "create",
            plural,
            () =>
                new HttpRequestMessage(HttpMethod.Post, $"apis/authorization.k8s.io/v1/{plural}")
                {
                    Content = ApiContent.Json(question, type),
                },
            (r, token) => ApiContent.Parse(r, type, token),
            ct
        );

    private static string Managed(string path, string fieldManager) =>
        $"{path}?fieldManager={Uri.EscapeDataString(fieldManager)}";

    private async Task<T> Write<T>(
        string verb,
        ApiResource resource,
        string name,
        HttpMethod method,
        string path,
        Func<HttpContent> body,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken ct
    )
    {
        using var span = Source.StartActivity($"kubernetes.{verb} {resource.Singular}", ActivityKind.Client);
        span?.SetTag("k8s.namespace.name", Namespace);
        span?.SetTag("k8s.object.name", name);
        try
        {
            return await Call(
                verb,
                resource.Plural,
                () => new HttpRequestMessage(method, path) { Content = body() },
                (response, token) =>
                {
                    foreach (var warning in response.Headers.Warning)
                        logger.ServerWarned(resource.Singular, name, warning.Text);
                    return read(response, token);
                },
                ct
            );
        }
        catch (Exception e) when (e is ApiException or ClusterException)
        {
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            throw;
        }
    }

    private async Task<T> Call<T>(
        string verb,
        string resource,
        Func<HttpRequestMessage> request,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken ct
    )
    {
        using var deadline = new CancellationTokenSource(options.RequestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        HttpStatusCode? status = null;
        try
        {
            using var message = request();
            message.Version = HttpVersion.Version20;
            message.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
            message.Headers.Accept.ParseAdd("application/json");
            if (connection.Credentials is { } credentials)
                await credentials.ProcessHttpRequestAsync(message, either.Token);
            var response = await connection.Http.SendAsync(
                message,
                HttpCompletionOption.ResponseHeadersRead,
                either.Token
            );
            status = response.StatusCode;
            if (response.IsSuccessStatusCode)
                return await read(response, either.Token);
            using (response)
                throw await ApiContent.Refusal(response, time.GetUtcNow(), either.Token);
        }
        catch (Exception e) when (Transport.Explains(e, ct) is { } reason)
        {
            throw Transport.Unreachable(reason, e);
        }
        finally
        {
            metrics.Requested(verb, resource, status);
        }
    }
}
