using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Api.CallLimits;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Operations;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Settings;
using Coder.Mesh.ControlPlane.Workspaces;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane;

/// <summary>Composes the control plane.</summary>
internal static class ControlPlaneHost
{
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Maximum number of streams of one connection: an agent needs one, an API caller some.</summary>
    private const int MaxStreams = 100;

    public static WebApplication Build(
        WebApplicationBuilder builder,
        ControlPlaneOptions options,
        string connectionString
    )
    {
        LogSettings.AddDefaults(builder.Configuration);
        AddServices(builder, connectionString);
        // Streams are asked to end immediately and calls take moments. A client that does not close its connection is
        // disconnected.
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));

        var app = builder.Build();
        UseMiddleware(app);
        MapServices(app);
        return app;
    }

    private static void AddServices(WebApplicationBuilder builder, string connectionString)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder
            .Services.AddStorage(connectionString)
            .AddAccessLog()
            .AddReplica()
            .AddPresence()
            .AddAgentStreams()
            .AddIdentity()
            .AddCallers()
            .AddCallLimits()
            .AddDeployment()
            .AddOrganizations()
            .AddProviders()
            .AddWorkspaces()
            .AddOrphans();
        builder.AddObservability();
        builder.Services.AddGrpcHealth();
        builder.Services.AddGrpc(o => o.Interceptors.Add<FailureInterceptor>()).AddJsonApi();
        builder
            .Services.AddOptions<Grpc.AspNetCore.Server.GrpcServiceOptions<AgentStreamService>>()
            .Configure<IOptions<AgentStreamOptions>>(
                (o, stream) => o.MaxReceiveMessageSize = stream.Value.MaxFrameBytes
            );
        builder.Services.AddGrpcReflection();
    }

    // In the order in which a request passes them.
    private static void UseMiddleware(WebApplication app)
    {
        app.MapManagement(management => management.MapBuiltInReadiness(), BuiltInReadiness.Path);
        app.UseHeaderLimits();
        app.UseCallDeadlines();
        app.UseUnreadRequests();
        app.UseHangUps();
        app.UseListeners();
        app.UseAgentArrivals();
        app.UseCallLimitsOfKnown();
        app.UseCallerTraces();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseCallLimitsOfOthers();
        app.UseStrictJson();
    }

    private static void MapServices(WebApplication app)
    {
        app.MapGrpcService<AgentStreamService>();
        app.MapGrpcService<ProviderGrpcService>();
        app.MapGrpcService<WorkspaceGrpcService>();
        app.MapGrpcService<OrganizationGrpcService>();
        app.MapGrpcService<DeploymentGrpcService>();
        app.MapGrpcService<TokenGrpcService>();
        app.MapGrpcHealthChecksService().AllowAnonymous();
        app.MapGrpcReflectionService().AllowAnonymous();
    }

    /// <summary>
    /// Prepares what must exist before the first call: the schema, initial resources and local tokens.
    /// </summary>
    public static async Task Prepare(
        WebApplication app,
        ControlPlaneOptions options,
        bool embedded,
        CancellationToken ct
    )
    {
        await app.Services.GetRequiredService<Schema>().Apply(ct);
        await PrepareResources(app, options, embedded, ct);
    }

    /// <summary>The same in a database whose schema is up to date.</summary>
    internal static async Task PrepareResources(
        WebApplication app,
        ControlPlaneOptions options,
        bool embedded,
        CancellationToken ct
    )
    {
        await app.Services.GetRequiredService<FirstStart>().Ensure(options.DataFolder, ct);
        var local = app.Services.GetRequiredService<LocalTokens>();
        // Only this machine uses an embedded database, so only local users need its tokens.
        if (embedded)
            await local.Ensure(options.DataFolder, ct);
        await local.SayWhatIsMissing(ct);
    }

    /// <summary>Listens and logs the addresses.</summary>
    public static async Task Serve(WebApplication app, CancellationToken ct)
    {
        await app.StartAsync(ct);
        var addresses = Addresses(app);
        app.Services.GetRequiredService<ILoggerFactory>()
            .CreateLogger("Coder.Mesh.ControlPlane")
            .Serving(addresses.Grpc, addresses.Json, addresses.Management);
    }

    public static ListenAddresses Addresses(WebApplication app)
    {
        var inOrder = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>();
        return inOrder.Addresses.ToList() is [var grpc, var json, var management]
            ? new ListenAddresses(grpc, json, management)
            : throw new InvalidOperationException("It does not listen on the configured address.");
    }

    /// <summary>Asks agents to reconnect to another replica, then stops.</summary>
    public static async Task Stop(WebApplication app)
    {
        await app.Services.GetRequiredService<StreamDrain>().HandOver(CancellationToken.None);
        await app.StopAsync();
    }

    private static IServiceCollection AddCallLimits(this IServiceCollection services)
    {
        services.AddOptions<CallLimitOptions>().BindConfiguration(CallLimitOptions.Section);
        return services.AddSingleton<CallLimiter>();
    }

    private static IServiceCollection AddDeployment(this IServiceCollection services) =>
        services
            .AddSingleton<FirstStart>()
            .AddSingleton<LocalTokens>()
            .AddSingleton<DeploymentView>()
            .AddSingleton<DeploymentCommands>()
            .AddSingleton<DeploymentOperations>()
            .AddSingleton<TokenOperations>();

    private static IServiceCollection AddOrganizations(this IServiceCollection services) =>
        services
            .AddSingleton<OrganizationView>()
            .AddSingleton<OrganizationResponseMapper>()
            .AddSingleton<OrganizationCommands>()
            .AddSingleton<OrganizationOperations>();

    private static IServiceCollection AddProviders(this IServiceCollection services) =>
        services
            .AddSingleton<ProviderView>()
            .AddSingleton<ProviderNames>()
            .AddSingleton<ProviderResponseMapper>()
            .AddSingleton<ProviderHistory>()
            .AddSingleton<ProviderWrites>()
            .AddSingleton<ProviderCommands>()
            .AddSingleton<ProviderTokens>()
            .AddSingleton<ProviderRemoval>()
            .AddSingleton<ProviderOperations>()
            .AddSingleton<ProviderTokenOperations>();

    private static IServiceCollection AddWorkspaces(this IServiceCollection services) =>
        services
            .AddSingleton<WorkspaceView>()
            .AddSingleton<WorkspaceTimeline>()
            .AddSingleton<WorkspacePlacement>()
            .AddSingleton<WorkspaceCommands>()
            .AddSingleton<WorkspaceResponseMapper>()
            .AddSingleton<WorkspaceOperations>()
            .AddSingleton<DesiredStateOperations>()
            .AddSingleton(s => new ProviderRoom(
                s.GetRequiredService<IOptions<AgentStreamOptions>>().Value.MaxWorkspacesPerSnapshot,
                s.GetRequiredService<TimeProvider>()
            ));

    private static IServiceCollection AddOrphans(this IServiceCollection services) =>
        services
            .AddSingleton<OrphanStore>()
            .AddSingleton<OrphanView>()
            .AddSingleton<OrphanCommands>()
            .AddSingleton<OrphanOperations>();

    private static void Listen(KestrelServerOptions kestrel, ControlPlaneOptions options)
    {
        kestrel.AddServerHeader = false;
        // Behind a proxy that terminates TLS, `:scheme` is https on a plain-text connection. Nothing here depends on
        // it.
        kestrel.AllowAlternateSchemes = true;
        // HTTP/2 PINGs detect dead peers. Proxies that do not count them as activity see the application's heartbeats.
        kestrel.Limits.Http2.KeepAlivePingDelay = PingAfter;
        kestrel.Limits.Http2.KeepAlivePingTimeout = PingTimeout;
        kestrel.Limits.MaxRequestHeaderCount = HeaderLimits.MaxReadHeaders;
        kestrel.Limits.MaxRequestHeadersTotalSize = HeaderLimits.MaxReadBytes;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = HeaderLimits.MaxReadBytes;
        kestrel.Limits.Http2.MaxStreamsPerConnection = MaxStreams;
        // In the order of the server's addresses.
        Listen(kestrel, options.GrpcAddress, Listener.Grpc, HttpProtocols.Http2);
        Listen(kestrel, options.HttpAddress, Listener.Json, HttpProtocols.Http1);
        Listen(kestrel, options.ManagementAddress, Listener.Management, HttpProtocols.Http1);
    }

    private static void Listen(
        KestrelServerOptions kestrel,
        string address,
        Listener listener,
        HttpProtocols protocols
    ) =>
        kestrel.Listen(
            ControlPlaneOptions.Endpoint(address)!,
            listen =>
            {
                listen.Protocols = protocols;
                listener.Mark(listen);
            }
        );
}
