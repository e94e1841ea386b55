using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>The cluster as its administrator sees it: plain JSON by path, and none of the product's own code.</summary>
/// <remarks>Paths are as in the API's documentation, without the leading slash:
/// <c>api/v1/namespaces/x/pods</c>.</remarks>
public sealed class ClusterApi : IDisposable
{
    private readonly HttpClient _http;

    internal ClusterApi(Uri address, X509Certificate2 authority, string certificate, string key)
    {
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        trust.CustomTrustStore.Add(authority);
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.CertificateChainPolicy = trust;
        handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPem(certificate, key)];
        _http = new HttpClient(handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <returns>Null if there is no such object.</returns>
    public async Task<JsonNode?> Get(string path, CancellationToken ct)
    {
        using var response = await _http.GetAsync(path, ct);
        return response.StatusCode == HttpStatusCode.NotFound ? null : await Body(response, ct);
    }

    /// <summary>The items of a list.</summary>
    public async Task<IReadOnlyList<JsonNode>> List(string path, CancellationToken ct)
    {
        using var response = await _http.GetAsync(path, ct);
        return [.. (await Body(response, ct))["items"]!.AsArray().Select(item => item!)];
    }

    public Task<JsonNode> Create(string path, JsonNode body, CancellationToken ct) =>
        Send(HttpMethod.Post, path, body, "application/json", ct);

    public Task<JsonNode> Replace(string path, JsonNode body, CancellationToken ct) =>
        Send(HttpMethod.Put, path, body, "application/json", ct);

    /// <summary>A JSON merge patch: lists are replaced whole.</summary>
    public Task<JsonNode> Patch(string path, JsonNode body, CancellationToken ct) =>
        Send(HttpMethod.Patch, path, body, "application/merge-patch+json", ct);

    /// <summary>A strategic merge patch, as kubectl sends: items of lists are found by their names.</summary>
    public Task<JsonNode> PatchByName(string path, JsonNode body, CancellationToken ct) =>
        Send(HttpMethod.Patch, path, body, "application/strategic-merge-patch+json", ct);

    /// <summary>Server-side apply as another field manager.</summary>
    public Task<JsonNode> Apply(string path, JsonNode body, string fieldManager, CancellationToken ct) =>
        Send(
            HttpMethod.Patch,
            $"{path}?force=true&fieldManager={fieldManager}",
            body,
            "application/apply-patch+yaml",
            ct
        );

    /// <summary>Deletes an object at once; that it is gone already is fine.</summary>
    public async Task Delete(string path, CancellationToken ct)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "DeleteOptions",
            ["gracePeriodSeconds"] = 0,
        };
        using var request = Request(HttpMethod.Delete, path, body, "application/json");
        using var response = await _http.SendAsync(request, ct);
        if (response.StatusCode != HttpStatusCode.NotFound)
            await Body(response, ct);
    }

    /// <summary>
    /// Everything that is there, then every change, until cancelled; what the API server breaks off is begun anew.
    /// </summary>
    public async IAsyncEnumerable<(string Type, JsonNode Object)> Follow(
        string path,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        while (!ct.IsCancellationRequested)
        {
            var lines = Lines(path, ct).GetAsyncEnumerator(ct);
            await using (lines)
            {
                while (await Next(lines, ct))
                {
                    var change = JsonNode.Parse(lines.Current)!;
                    if (change["type"]!.GetValue<string>() is var type and not "ERROR")
                        yield return (type, change["object"]!);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), ct);
        }
    }

    /// <summary>Waits until an object, or its absence, is as wanted.</summary>
    public async Task<JsonNode?> Until(string path, Func<JsonNode?, bool> wanted, CancellationToken ct)
    {
        while (true)
        {
            var now = await Get(path, ct);
            if (wanted(now))
                return now;
            await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
        }
    }

    /// <summary>
    /// Does a step again until it works or has become needless: an API server that was killed refuses for a while in
    /// more ways than one.
    /// </summary>
    internal static async Task Insist(Func<Task> step, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await step();
                return;
            }
            catch (HttpRequestException e) when (e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
            {
                return; // gone meanwhile, or done before
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), ct);
            }
        }
    }

    /// <summary>The status code of a GET, or null while nobody answers.</summary>
    internal async Task<HttpStatusCode?> Knock(string path, CancellationToken ct)
    {
        try
        {
            using var response = await _http.GetAsync(path, ct);
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonNode> Send(
        HttpMethod method,
        string path,
        JsonNode body,
        string mediaType,
        CancellationToken ct
    )
    {
        using var request = Request(method, path, body, mediaType);
        using var response = await _http.SendAsync(request, ct);
        return await Body(response, ct);
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, JsonNode body, string mediaType) =>
        new(method, path)
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(mediaType)),
        };

    private static async Task<JsonNode> Body(HttpResponseMessage response, CancellationToken ct)
    {
        var text = await response.Content.ReadAsStringAsync(ct);
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new HttpRequestException(
                $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri}: {text}",
                null,
                response.StatusCode
            );
    }

    private async IAsyncEnumerable<string> Lines(string path, [EnumeratorCancellation] CancellationToken ct)
    {
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{path}{separator}watch=1");
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(ct));
        while (await reader.ReadLineAsync(ct) is { } line)
            yield return line;
    }

    private static async Task<bool> Next(IAsyncEnumerator<string> lines, CancellationToken ct)
    {
        try
        {
            return await lines.MoveNextAsync();
        }
        catch (Exception e) when (e is HttpRequestException or IOException && !ct.IsCancellationRequested)
        {
            return false; // the API server went away; Follow begins anew
        }
    }
}
