using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Watches;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Api.CallLimits;

/// <summary>
/// Applies the limits of concurrent API calls. A call with a token that was valid before needs a permit before the
/// token is looked up, since the lookup uses the database too. Other calls need one after authentication; until then
/// <see cref="TokenLookupLimiter"/> limits them.
/// </summary>
internal static class CallLimitMiddleware
{
    /// <summary>Place it before authentication.</summary>
    public static IApplicationBuilder UseCallLimitsOfKnown(this IApplicationBuilder app)
    {
        var gate = app.ApplicationServices.GetRequiredService<TokenLookupLimiter>();
        return app.UseCallLimits(context => gate.Known(BearerToken.Of(context.Request)));
    }

    /// <summary>Place it after authorization.</summary>
    public static IApplicationBuilder UseCallLimitsOfOthers(this IApplicationBuilder app) =>
        app.UseCallLimits(context => Caller.TokenOf(context.User));

    private static IApplicationBuilder UseCallLimits(
        this IApplicationBuilder app,
        Func<HttpContext, KnownToken?> callerOf
    )
    {
        var limiter = app.ApplicationServices.GetRequiredService<CallLimiter>();
        // Not async: streams of agents pass it, and would keep its state for as long as they last.
        return app.Use(
            (context, next) =>
                KindOf(context.GetEndpoint()) is { } kind
                && context.Features.Get<CallPermit>() is null
                && callerOf(context) is { } caller
                    ? Limited(limiter, kind, caller, context, next)
                    : next(context)
        );
    }

    private static async Task Limited(
        CallLimiter limiter,
        MethodType kind,
        KnownToken caller,
        HttpContext context,
        RequestDelegate next
    )
    {
        var granted = await Enter(limiter, kind, caller.Hash, context);
        if (granted.Error is { } error)
        {
            await Refuse(context, kind, caller.User, error);
            return;
        }

        using var permit = granted.Value;
        context.Features.Set(permit);
        await next(context);
    }

    private static async Task<Result<CallPermit>> Enter(
        CallLimiter limiter,
        MethodType kind,
        string caller,
        HttpContext context
    )
    {
        var (ct, left) = (context.RequestAborted, CallDeadlines.Of(context));
        if (kind == MethodType.Unary)
        {
            var call = await limiter.Call(caller, left, ct);
            return call.Error is { } tooMany ? tooMany : new CallPermit(null, call.Value);
        }

        var place = limiter.Watch();
        if (place.Error is { } full)
            return full;
        try
        {
            var turn = await limiter.Beginning(left, ct);
            if (turn.Error is null)
                return new CallPermit(place.Value, turn.Value);
            place.Value.Dispose();
            return turn.Error;
        }
        catch
        {
            place.Value.Dispose();
            throw;
        }
    }

    private static Task Refuse(HttpContext context, MethodType kind, string user, Error error)
    {
        var services = context.RequestServices;
        services.GetRequiredService<ApiMetrics>().Refused(error.Reason);
        if (kind != MethodType.Unary)
            services.GetRequiredService<WatchMetrics>().Ended(error.Reason);
        services
            .GetRequiredService<RefusalLog>()
            .Add(AccessSubjects.User(user), error.Reason, error.Message, context.Connection.RemoteIpAddress);
        if (Listener.Json.Serves(context))
            return JsonErrors.Write(context, error);
        GrpcErrors.Write(context.Response, error);
        return Task.CompletedTask;
    }

    /// <returns>Null for other requests: health, reflection and streams of agents.</returns>
    private static MethodType? KindOf(Endpoint? endpoint)
    {
        if (endpoint?.Metadata.GetMetadata<IAuthorizeData>() is null)
            return null;
        var kind = JsonApi.Route(endpoint) is { } route
            ? route.MethodDescriptor.IsServerStreaming
                ? MethodType.ServerStreaming
                : MethodType.Unary
            : endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.Type;
        return kind is MethodType.Unary or MethodType.ServerStreaming ? kind : null;
    }
}
