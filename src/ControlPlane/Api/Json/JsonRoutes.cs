using Google.Api;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using static Google.Api.HttpRule.PatternOneofCase;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>A JSON route of the API, as defined by its proto.</summary>
/// <param name="HttpMethod">In upper case.</param>
/// <param name="Template">
/// A path whose variables are one segment each, such as <c>/v1/providers/{provider}:cordon</c>.
/// </param>
/// <param name="HasBody">
/// Whether fields that are not in the path are in the body; otherwise they are in the query.
/// </param>
internal sealed record JsonRoute(string HttpMethod, string Template, bool HasBody, MethodDescriptor Method)
{
    private readonly (string[] Segments, string Verb) _parts = Split(Template);

    public static JsonRoute Of(MethodDescriptor method, HttpRule rule)
    {
        var (name, template) = rule.PatternCase switch
        {
            Get => (HttpMethods.Get, rule.Get),
            Put => (HttpMethods.Put, rule.Put),
            Post => (HttpMethods.Post, rule.Post),
            Patch => (HttpMethods.Patch, rule.Patch),
            Delete => (HttpMethods.Delete, rule.Delete),
            _ => throw new ArgumentOutOfRangeException(nameof(rule), rule.PatternCase, "no such HTTP method"),
        };
        return new JsonRoute(name, template, rule.Body.Length > 0, method);
    }

    /// <summary>The request's fields that are in the path.</summary>
    public IEnumerable<FieldDescriptor> PathFields =>
        _parts.Segments.Where(IsVariable).Select(s => Method.InputType.FindFieldByName(s[1..^1]));

    public bool Matches(string path)
    {
        var (segments, verb) = Split(path);
        return segments.Length == _parts.Segments.Length
            && verb.Equals(_parts.Verb, StringComparison.OrdinalIgnoreCase)
            && _parts.Segments.Zip(segments).All(s => Matches(s.First, s.Second));
    }

    private static bool Matches(string template, string segment) =>
        IsVariable(template) ? segment.Length > 0 : template.Equals(segment, StringComparison.OrdinalIgnoreCase);

    private static bool IsVariable(string segment) => segment.StartsWith('{');

    // Names contain no colon: the text after a colon in the last segment is the custom verb.
    private static (string[], string) Split(string path)
    {
        var segments = path.Trim('/').Split('/');
        var colon = segments[^1].LastIndexOf(':');
        if (colon < 0)
            return (segments, "");
        var verb = segments[^1][(colon + 1)..];
        segments[^1] = segments[^1][..colon];
        return (segments, verb);
    }
}

/// <summary>All routes that are served.</summary>
internal sealed class JsonRoutes(EndpointDataSource endpoints)
{
    private readonly Lazy<IReadOnlyList<JsonRoute>> _all = new(() =>
        [
            .. endpoints
                .Endpoints.Select(e => e.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>())
                .OfType<GrpcJsonTranscodingMetadata>()
                .Select(m => JsonRoute.Of(m.MethodDescriptor, m.HttpRule)),
        ]
    );

    public IReadOnlyList<JsonRoute> All => _all.Value;

    /// <returns>The HTTP methods of a path; none if there is no such path.</returns>
    public IReadOnlyList<string> MethodsOf(string path) =>
        [.. All.Where(r => r.Matches(path)).Select(r => r.HttpMethod).Distinct().Order(StringComparer.Ordinal)];
}
