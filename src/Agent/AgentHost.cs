using System.Net.Sockets;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Agent.Connection;
using Coder.Mesh.Agent.Health;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.Simulated;
using Coder.Mesh.Protocol.Network;
using Coder.Mesh.Shared;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Coder.Mesh.Agent;

/// <summary>Composes the agent from its options.</summary>
internal static class AgentHost
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    /// <summary>Runs until the process is asked to stop.</summary>
    public static async Task<int> Run(AgentOptions options)
    {
        EnvironmentProxy.ServeProcess();
        await using var app = TryBuild(options);
        if (app is null)
            return 2;
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Coder.Mesh.Agent");
        logger.Starting(BuildVersion.Text, options.Cluster == ClusterKind.Simulated ? "simulated" : "kubernetes");
        if (options.Cluster == ClusterKind.Simulated)
            LogSimulated(logger, options.Simulated);
        if (EnvironmentProxy.Read(Environment.GetEnvironmentVariable)?.RouteTo(options.AccessUrl) is { } proxy)
            logger.ThroughProxy(options.AccessUrl, proxy);
        try
        {
            await app.StartAsync();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or SocketException)
        {
            // Such as an address in use or an invalid state file. The message is for the operator; a stack trace would
            // not help.
            await Console.Error.WriteLineAsync($"mesh-agent: can't start: {Cause(e, options)}");
            return 1;
        }

        foreach (var address in app.Urls)
            logger.HealthServed(address, HealthEndpoints.Paths);
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static void LogSimulated(ILogger logger, SimulatedOptions options)
    {
        logger.ClusterIsSimulated();
        if (options.StateFile is null)
            logger.SimulatedAnew(Setting.SimulatedState.Flag);
    }

    private static string Cause(Exception exception, AgentOptions options) =>
        exception switch
        {
            { InnerException: AddressInUseException } =>
                $"another process, such as another agent, listens on {options.HealthAddress}. Choose another address for "
                    + $"health, such as {Setting.HealthAddress.Flag} 127.0.0.1:0 for any free port "
                    + $"({Setting.HealthAddress.Variable}).",
            SocketException or { InnerException: SocketException } =>
                $"health can't be served at {options.HealthAddress}: {exception.Message} Choose another address by "
                    + $"{Setting.HealthAddress.Flag} ({Setting.HealthAddress.Variable}).",
            _ => exception.Message,
        };

    private static WebApplication? TryBuild(AgentOptions options)
    {
        try
        {
            return Build(options);
        }
        catch (KubernetesConfigurationException e)
        {
            Console.Error.WriteLine(
                $"mesh-agent: {Setting.Kubeconfig.Flag} ({Setting.Kubeconfig.Variable}): {e.Message}"
            );
            return null;
        }
    }

    /// <param name="replace">Replaces services in tests.</param>
    public static WebApplication Build(AgentOptions options, Action<IServiceCollection>? replace = null)
    {
        // Independent of the working directory, in which the agent reads nothing.
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory }
        );
        // All settings are read by OptionsReader. The environment stays for OpenTelemetry, which reads its own
        // variables.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddEnvironmentVariables("OTEL_").AddEnvironmentVariables();
        AddLogging(builder.Logging, options);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(options.HealthAddress);
        });
        AddAgent(builder.Services, options, builder.Configuration);
        replace?.Invoke(builder.Services);

        var app = builder.Build();
        app.MapHealth();
        return app;
    }

    private static void AddAgent(IServiceCollection services, AgentOptions options, IConfiguration configuration)
    {
        services.Configure<HostOptions>(o => o.ShutdownTimeout = StopLimit);
        services.TryAddSingleton(TimeProvider.System);
        services.AddTelemetry(configuration);
        services.AddClusterDriver(options);
        services.AddSingleton(new ClusterStatus(ClusterDrivers.InitialFacts(options)));
        services.AddSingleton(new ProbeOptions(options.ProbeInterval));
        services.AddSingleton<ServerClock>();
        services.TryAddSingleton<WelcomedDetails>();
        services.AddSingleton<Reconciler>();
        services.AddConnection(
            new ConnectionOptions(options.AccessUrl, options.TokenFile, options.Token, options.HeartbeatInterval)
        );

        // Stopped in reverse order: first the goodbye, then the work.
        services.AddHostedService<ProbeLoop>();
        services.AddHostedService(p => p.GetRequiredService<Reconciler>());
        services.AddHostedService<ConnectLoop>();
    }

    private static void AddLogging(ILoggingBuilder logging, AgentOptions options)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(options.LogLevel);
        // Only failures of the health server are of interest.
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // A failed start is reported as one line.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
        if (options.LogFormat == LogFormat.Json)
            logging.AddJsonConsole(o =>
            {
                o.UseUtcTimestamp = true;
                o.TimestampFormat = "O";
            });
        else
            logging.AddSimpleConsole(o =>
            {
                o.SingleLine = true;
                o.UseUtcTimestamp = true;
                o.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            });
        logging.Configure(o =>
            o.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId
        );
    }
}
