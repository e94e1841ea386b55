using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Writes the bodies of requests to the API server and reads those of its responses.</summary>
internal static class ApiContent
{
    private static readonly MediaTypeHeaderValue JsonType = new("application/json");
    private static readonly MediaTypeHeaderValue MergePatchType = new("application/merge-patch+json");
    private static readonly MediaTypeHeaderValue JsonPatchType = new("application/json-patch+json");
    private static readonly MediaTypeHeaderValue ApplyPatchType = new("application/apply-patch+yaml");

    public static HttpContent Json<T>(T body, JsonTypeInfo<T> type) => Body(body, type, JsonType);

    public static HttpContent MergePatch<T>(T body, JsonTypeInfo<T> type) => Body(body, type, MergePatchType);

    public static HttpContent JsonPatch(PatchOperation[] operations) =>
        Body(operations, KubernetesJsonContext.Default.PatchOperationArray, JsonPatchType);

    public static HttpContent ApplyPatch<T>(T body, JsonTypeInfo<T> type) => Body(body, type, ApplyPatchType);

    /// <summary>Reads the body of a successful response and disposes the response.</summary>
    /// <exception cref="JsonException">The body is not of this type.</exception>
    public static async Task<T> Parse<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken ct)
    {
        using (response)
        {
            await using var stream = await response.Content.ReadAsStreamAsync(ct);
            return await JsonSerializer.DeserializeAsync(stream, type, ct)
                ?? throw new JsonException("The API server answered `null`.");
        }
    }

    /// <summary>
    /// Reads and discards the body of a successful response: it may be the object or a Status, depending on kind and
    /// version.
    /// </summary>
    public static async Task<bool> Ignore(HttpResponseMessage response, CancellationToken ct)
    {
        using (response)
            await response.Content.CopyToAsync(Stream.Null, ct);
        return true;
    }

    /// <summary>Reads an unsuccessful response.</summary>
    /// <param name="now">The time from which a Retry-After date is counted.</param>
    public static async Task<ApiException> Refusal(
        HttpResponseMessage response,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        ApiStatus? body = null;
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(ct);
            body = await JsonSerializer.DeserializeAsync(stream, KubernetesJsonContext.Default.ApiStatus, ct);
        }
        catch (JsonException)
        {
            // A proxy in front of the API server answered, so there is only the status code.
        }

        var message = $"The API server answered {(int)response.StatusCode} {response.ReasonPhrase ?? "none"}.";
        var after = response.Headers.RetryAfter;
        return new ApiException(response.StatusCode, body, message, after?.Delta ?? after?.Date - now);
    }

    private static ByteArrayContent Body<T>(T body, JsonTypeInfo<T> type, MediaTypeHeaderValue mediaType) =>
        new(JsonSerializer.SerializeToUtf8Bytes(body, type)) { Headers = { ContentType = mediaType } };
}
