using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.Shared;
using Google.Protobuf.Reflection;
using Microsoft.Net.Http.Headers;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>
/// OpenAPI 3.0 description of the JSON API, generated from the descriptors that define its routes. Served without
/// authentication.
/// </summary>
internal sealed class OpenApiDocument(JsonRoutes routes)
{
    public const string Path = "/openapi/v1.json";

    private const string Token = "token";

    public static readonly IReadOnlyList<string> Methods = [HttpMethods.Get, HttpMethods.Head];

    private readonly Lazy<byte[]> _json = new(() => JsonSerializer.SerializeToUtf8Bytes(Make(routes.All)));

    public Task Write(HttpContext context)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = _json.Value.Length;
        context.Response.Headers[HeaderNames.CacheControl] = "no-cache";
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.Body.WriteAsync(_json.Value, context.RequestAborted).AsTask();
    }

    private static JsonObject Make(IReadOnlyList<JsonRoute> routes)
    {
        var schemas = new OpenApiSchemas();
        var paths = new JsonObject();
        foreach (var route in routes.OrderBy(r => r.Template, StringComparer.Ordinal))
        {
            var path = TemplateInJson(route);
            if (paths[path] is not JsonObject item)
                paths[path] = item = new JsonObject();
            item[route.HttpMethod.ToLowerInvariant()] = Operation(route, schemas);
        }

        return new JsonObject
        {
            ["openapi"] = "3.0.3",
            ["info"] = new JsonObject
            {
                ["title"] = "Coder.Mesh",
                ["description"] =
                    "The API of the control plane as JSON over HTTP. See docs/json.md and docs/errors.md.",
                ["version"] = BuildVersion.Version,
            },
            ["security"] = new JsonArray(new JsonObject { [Token] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = schemas.All,
                ["securitySchemes"] = new JsonObject
                {
                    [Token] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
                },
            },
        };
    }

    private static string TemplateInJson(JsonRoute route) =>
        route.PathFields.Aggregate(
            route.Template,
            (path, f) => path.Replace($"{{{f.Name}}}", $"{{{f.JsonName}}}", StringComparison.Ordinal)
        );

    private static JsonObject Operation(JsonRoute route, OpenApiSchemas schemas)
    {
        var method = route.Method;
        var inPath = route.PathFields.ToList();
        var others = method.InputType.Fields.InDeclarationOrder().Except(inPath).ToList();
        var operation = new JsonObject { ["operationId"] = method.Name, ["tags"] = new JsonArray(method.Service.Name) };
        ProtoComments.Describe(operation, method);
        var parameters = new JsonArray();
        foreach (var field in inPath)
            parameters.Add(Parameter(field, "path", schemas));
        foreach (var field in route.HasBody ? [] : others)
            parameters.Add(Parameter(field, "query", schemas));
        if (parameters.Count > 0)
            operation["parameters"] = parameters;
        if (route.HasBody)
            operation["requestBody"] = new JsonObject
            {
                ["required"] = true,
                ["content"] = Content(schemas.Body(method.InputType, others)),
            };
        operation["responses"] = Responses(method, schemas);
        return operation;
    }

    private static JsonObject Parameter(FieldDescriptor field, string place, OpenApiSchemas schemas)
    {
        var parameter = new JsonObject { ["name"] = field.JsonName, ["in"] = place };
        if (place == "path")
            parameter["required"] = true;
        ProtoComments.Describe(parameter, field);
        parameter["schema"] = schemas.Of(field);
        return parameter;
    }

    private static JsonObject Responses(MethodDescriptor method, OpenApiSchemas schemas) =>
        new()
        {
            ["200"] = new JsonObject
            {
                ["description"] = method.IsServerStreaming
                    ? "One object a line, for as long as it is read; an error in the last line says why it ends."
                    : "Done.",
                ["content"] = Content(schemas.Of(method.OutputType)),
            },
            ["default"] = new JsonObject
            {
                ["description"] = "Refused, or failed: docs/errors.md has all reasons.",
                ["content"] = Content(schemas.Error),
            },
        };

    private static JsonObject Content(JsonObject schema) =>
        new() { ["application/json"] = new JsonObject { ["schema"] = schema } };
}
