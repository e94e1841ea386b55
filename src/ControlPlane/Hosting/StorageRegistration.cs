using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Marten;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Hosting;

internal static class StorageRegistration
{
    public static IServiceCollection AddStorage(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton<ReadOnlyConnections>();
        services.AddSingleton(s =>
            DatabaseServers.Open(
                WithDefaults(connectionString),
                builder =>
                {
                    builder.Name = "mesh";
                    builder.ConfigureTracing(Tracing.OnlyWithinTraces);
                    s.GetRequiredService<ReadOnlyConnections>().ObserveAllOf(builder);
                }
            )
        );
        services.AddMarten(services =>
        {
            var options = new StoreOptions();
            MartenRegistration.Configure(
                options,
                services.GetRequiredService<NpgsqlDataSource>(),
                services.GetRequiredService<Replica>()
            );
            return options;
        });
        services.AddSingleton<Replica>();
        services.AddSingleton<Schema>();
        services.AddSingleton<StoreSessions>();
        services.AddSingleton<CommandExecutor>();
        services.AddSingleton<StoreHealth>();
        services.AddHostedService<Trimmer>();
        return services;
    }

    public static IServiceCollection AddReplica(this IServiceCollection services)
    {
        services.AddSingleton<IAgentNotifier, AgentNotifier>();
        services.AddSingleton<ReplicaLease>();
        services.AddHostedService(s => s.GetRequiredService<ReplicaLease>());
        services.AddSingleton<CommitNotifier>();
        services.AddSingleton<ICommitObserver>(s => s.GetRequiredService<CommitNotifier>());
        services.AddHostedService(s => s.GetRequiredService<CommitNotifier>());
        services.AddSingleton<IFeedObserver, AgentFeedObserver>();
        services.AddHostedService<FeedReader>();
        services.AddWatches();
        return services;
    }

    public static IServiceCollection AddPresence(this IServiceCollection services)
    {
        services.AddSingleton<PresenceStore>();
        services.AddSingleton<FailedSessions>();
        services.AddSingleton<LostSessions>();
        services.TryAddSingleton<PauseDetector>();
        services.AddSingleton<PresenceHost>();
        services.AddHostedService(s => s.GetRequiredService<PresenceHost>());
        services.AddSingleton<Reaper>();
        services.AddHostedService(s => s.GetRequiredService<Reaper>());
        return services;
    }

    /// <summary>Adds limits for every command, unless the connection string has them.</summary>
    internal static string WithDefaults(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        // Not ContainsKey, which is true for every known keyword.
        var given = builder.Keys.ToHashSet(StringComparer.Ordinal);
        if (!given.Contains("Application Name"))
            builder.ApplicationName = "mesh-control-plane";
        if (!given.Contains("Command Timeout"))
            builder.CommandTimeout = 15;
        if (!given.Contains("Timeout"))
            builder.Timeout = 5;
        if (!given.Contains("Maximum Pool Size"))
            builder.MaxPoolSize = 50;
        // A replica that is suspended within a transaction would hold its locks until it is continued.
        if (!given.Contains("Options"))
            builder.Options = "-c idle_in_transaction_session_timeout=10s";
        // The statements are few and always the same. Parsing and planning them each time takes half of PostgreSQL's
        // time.
        if (!given.Contains("Max Auto Prepare"))
            builder.MaxAutoPrepare = 100;
        // The role and availability of each server are checked again before the next renewal of the lease.
        if (DatabaseServers.Wanted(builder) is not null && !given.Contains("Host Recheck Seconds"))
            builder.HostRecheckSeconds = 1;
        return builder.ConnectionString;
    }
}
