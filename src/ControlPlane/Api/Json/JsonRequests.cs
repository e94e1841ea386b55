using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>
/// Validates a request before the transcoding, which ignores unknown fields and parameters, such as a misspelt filter
/// or precondition, and does not describe what is wrong with others.
/// </summary>
internal static class JsonRequests
{
    private const int MaxMessage = 256;
    private const int MaxName = 64;
    private const int MaxProblems = 20;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);

    private static readonly Error NotJson = Bad(
        "The body must be a JSON object in UTF-8, {} at least, sent with \"content-type: application/json\"."
    );

    private static readonly Error NoBody = Bad("This request must not have a body; use the path and query parameters.");

    private static readonly Error TooLarge = new(
        ErrorKind.InvalidArgument,
        ErrorReasons.BodyTooLarge,
        $"The body has more than {JsonApi.MaxBodyBytes} bytes as it is sent."
    );

    private static readonly Error Incomplete = new(
        ErrorKind.DeadlineExceeded,
        ErrorReasons.BodyIncomplete,
        "The body did not arrive in time: it is shorter than its content-length says, has no last chunk, or is sent too slowly."
    );

    /// <summary>
    /// Maximum time to read a whole body. Kestrel's own limits concern pauses only.
    /// </summary>
    public static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(30);

    /// <summary>Place it after authorization, so that only bodies of authorized callers are read.</summary>
    public static IApplicationBuilder UseStrictJson(this IApplicationBuilder app) =>
        app.Use(
            (context, next) => JsonApi.Route(context) is { } route ? Validated(context, route, next) : next(context)
        );

    private static async Task Validated(HttpContext context, GrpcJsonTranscodingMetadata route, RequestDelegate next)
    {
        if (await Problem(context, route) is not { } error)
        {
            await next(context);
            return;
        }

        int? status = error == Incomplete ? StatusCodes.Status408RequestTimeout : null;
        await JsonErrors.Refuse(context, error, status);
    }

    private static async Task<Error?> Problem(HttpContext context, GrpcJsonTranscodingMetadata route)
    {
        var request = route.MethodDescriptor.InputType;
        var inBody = route.HttpRule.Body.Length > 0;
        return QueryProblem(context.Request, request, inBody)
            ?? (
                inBody ? await BodyProblem(context, request)
                : HasBody(context) ? NoBody
                : null
            );
    }

    private static bool HasBody(HttpContext context) =>
        context.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody;

    private static Error? QueryProblem(HttpRequest request, MessageDescriptor type, bool inBody)
    {
        var fields = new Fields();
        var problems = request
            .Query.Select(q => (Name: q.Key, Rule: ParameterRule(request, type, inBody, q.Key, q.Value)))
            .Where(p => p.Rule is not null);
        foreach (var (name, rule) in problems.Take(MaxProblems))
            fields.Violated(Cut.To(name, MaxName), rule!);
        return fields.Error;
    }

    /// <returns>The rule that a parameter violates; null if it is valid.</returns>
    private static string? ParameterRule(
        HttpRequest request,
        MessageDescriptor type,
        bool inBody,
        string name,
        StringValues values
    )
    {
        if (inBody)
            return "is not a parameter: fields that are not in the path belong in the body";
        var field = type.Fields.InDeclarationOrder().FirstOrDefault(f => f.Name == name || f.JsonName == name);
        if (field is null || request.RouteValues.ContainsKey(field.Name))
            return "is not a parameter of this request";
        var given = request.Query.Where(q => q.Key == field.Name || q.Key == field.JsonName).Sum(q => q.Value.Count);
        var mayBeGiven = field.IsRepeated || given == 1;
        if (mayBeGiven && values.All(v => Parses(type, field, v!)))
            return null;
        return field.IsRepeated
            ? $"must be {JsonBody.Kind(field)}; it may be given several times"
            : $"must be given once, as {JsonBody.Kind(field)}";
    }

    private static bool Parses(MessageDescriptor type, FieldDescriptor field, string value)
    {
        // Like the transcoding: by name or number.
        if (field.FieldType == FieldType.Enum)
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? field.EnumType.FindValueByNumber(number) is not null
                : field.EnumType.FindValueByName(value) is not null;
        // 1e1 is an integer in JSON, but not for the transcoding.
        if (
            IsNumber(field)
            && !decimal.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
        )
            return false;
        JsonNode node =
            field.FieldType == FieldType.Bool && bool.TryParse(value, out var truth)
                ? JsonValue.Create(truth)
                : JsonValue.Create(value);
        try
        {
            JsonNode content = field.IsRepeated ? new JsonArray(node) : node;
            Parser.Parse(new JsonObject { [field.JsonName] = content }.ToJsonString(), type);
            return true;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            return false;
        }
    }

    private static bool IsNumber(FieldDescriptor field) =>
        field.FieldType is not (FieldType.Bool or FieldType.String or FieldType.Enum);

    private static async Task<Error?> BodyProblem(HttpContext context, MessageDescriptor type)
    {
        if (!IsJson(context.Request.ContentType))
            return NotJson;
        using var body = new MemoryStream();
        if (await ReadProblem(context, body) is { } unread)
        {
            // The rest of the body cannot be separated from the next request.
            context.Response.Headers.Connection = "close";
            return unread;
        }

        if (body.Length == 0)
            return NotJson;
        return MessageProblem(body.GetBuffer().AsSpan(0, (int)body.Length), type, context.Request);
    }

    /// <summary>Reads the whole body.</summary>
    private static async Task<Error?> ReadProblem(HttpContext context, MemoryStream body)
    {
        var time = context.RequestServices.GetRequiredService<TimeProvider>();
        var reader = context.Request.BodyReader;
        using var late = new CancellationTokenSource(ReadLimit, time);
        // Cancelling the token of the read would leave the reader in a state that Kestrel logs as an error.
        await using var onLate = late.Token.Register(reader.CancelPendingRead);
        try
        {
            await reader.CopyToAsync(body, context.RequestAborted);
            return null;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            return Incomplete;
        }
        // Kestrel throws another exception if a chunk is too large. Disconnected clients receive nothing.
        catch (IOException e)
            when (e is not ConnectionResetException && !context.RequestAborted.IsCancellationRequested)
        {
            return (e as BadHttpRequestException)?.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => TooLarge,
                StatusCodes.Status408RequestTimeout => Incomplete,
                _ => Bad($"The body cannot be read: {e.Message}"),
            };
        }
    }

    private static Error? MessageProblem(ReadOnlySpan<byte> body, MessageDescriptor type, HttpRequest request)
    {
        try
        {
            var text = Utf8.GetString(body);
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return NotJson;
            if (JsonBody.Problems(json.RootElement, type) is { Count: > 0 } problems)
                return Bad(string.Join("; ", problems.Select(p => $"{p.Field}: {p.Rule}"))) with { Fields = problems };
            var message = Parser.Parse(text, type);
            // The value in the path would be used silently.
            var twice = type
                .Fields.InDeclarationOrder()
                .FirstOrDefault(f => request.RouteValues.ContainsKey(f.Name) && f.Accessor.GetValue(message) is not "");
            if (twice is not null)
                return Bad($"{twice.JsonName} is in the path, and must not be in the body.");
            // Like the transcoding, which accepts neither a number as text nor 1e1, without describing the error.
            request.Body = new MemoryStream(Utf8.GetBytes(JsonFormatter.Default.Format(message)));
            return null;
        }
        catch (DecoderFallbackException)
        {
            return NotJson;
        }
        catch (JsonException e)
        {
            return Bad($"The body can't be read as JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (Exception e)
            when (e is InvalidProtocolBufferException or InvalidJsonException or InvalidOperationException)
        {
            return Bad(Cut.To(e.Message, MaxMessage));
        }
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    private static Error Bad(string message) => new(ErrorKind.InvalidArgument, ErrorReasons.BodyInvalid, message);
}
