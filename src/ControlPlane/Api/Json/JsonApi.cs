using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>
/// The API as JSON over HTTP/1.1, on its own listener. Serves the routes that the protos define, and nothing else.
/// </summary>
internal static class JsonApi
{
    /// <summary>Maximum size of a request body.</summary>
    public const int MaxBodyBytes = 1024 * 1024;

    /// <summary>Types that the details of an error may have.</summary>
    public static readonly TypeRegistry ErrorTypes = TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor);

    private static readonly Error NoRoute = Error.NotFound(
        ErrorReasons.RouteNotFound,
        $"There is no such path; docs/json.md and {OpenApiDocument.Path} have all of them."
    );

    public static IGrpcServerBuilder AddJsonApi(this IGrpcServerBuilder grpc)
    {
        grpc.Services.AddSingleton<JsonRoutes>();
        grpc.Services.AddSingleton<OpenApiDocument>();
        return grpc.AddJsonTranscoding(o =>
        {
            o.TypeRegistry = ErrorTypes;
            // As protobuf's JSON mapping requires: a JSON number cannot hold all of them.
            o.JsonSettings.WriteInt64sAsStrings = true;
        });
    }

    /// <summary>Separates the endpoints of the listeners. Place it after routing and before authentication.</summary>
    public static IApplicationBuilder UseListeners(this IApplicationBuilder app)
    {
        var routes = app.ApplicationServices.GetRequiredService<JsonRoutes>();
        var document = app.ApplicationServices.GetRequiredService<OpenApiDocument>();
        return app.Use(
            (context, next) =>
                Listener.Json.Serves(context) ? Serve(context, next, routes, document)
                : Route(context) is null ? next(context)
                : NotHere(context)
        );
    }

    private static Task Serve(HttpContext context, RequestDelegate next, JsonRoutes routes, OpenApiDocument document)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxBodyBytes;
        // Responses may contain secrets.
        context.Response.Headers[HeaderNames.CacheControl] = "no-store";
        var request = context.Request;
        var isDocument = request.Path == OpenApiDocument.Path;
        var methods = isDocument ? OpenApiDocument.Methods : routes.MethodsOf(request.Path);
        if (methods.Count > 0 && !methods.Contains(request.Method))
            return NotAllowed(context, methods);
        return isDocument ? document.Write(context)
            : Route(context) is null ? JsonErrors.Refuse(context, NoRoute)
            : next(context);
    }

    /// <summary>Returns the metadata of a request's route; null if it is not a JSON route.</summary>
    public static GrpcJsonTranscodingMetadata? Route(HttpContext context) => Route(context.GetEndpoint());

    /// <inheritdoc cref="Route(HttpContext)"/>
    public static GrpcJsonTranscodingMetadata? Route(Endpoint? endpoint) =>
        endpoint?.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>();

    private static Task NotAllowed(HttpContext context, IReadOnlyList<string> methods)
    {
        var allowed = string.Join(", ", methods);
        context.Response.Headers[HeaderNames.Allow] = allowed;
        return JsonErrors.Refuse(
            context,
            new Error(
                ErrorKind.Unimplemented,
                ErrorReasons.MethodNotAllowed,
                $"This path doesn't have the method {Fields.Short(context.Request.Method)}: it has {allowed}."
            )
        );
    }

    private static Task NotHere(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
