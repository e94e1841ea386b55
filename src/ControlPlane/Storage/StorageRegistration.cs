using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Replicas;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

internal static class StorageRegistration
{
    public static IServiceCollection AddStorage(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton(_ =>
            new NpgsqlDataSourceBuilder(WithDefaults(connectionString)) { Name = "mesh" }.Build()
        );
        services.AddMarten(services =>
        {
            var options = new StoreOptions();
            MartenRegistration.Configure(options, services.GetRequiredService<NpgsqlDataSource>());
            return options;
        });
        services.AddSingleton<Schema>();
        services.AddSingleton<StoreSessions>();
        services.AddSingleton<StoreHealth>();
        services.AddHostedService<FeedTrimmer>();
        return services;
    }

    public static IServiceCollection AddReplica(this IServiceCollection services)
    {
        services.AddSingleton<Replica>();
        services.AddSingleton<Doorbell>();
        services.AddSingleton<ReplicaLease>();
        services.AddHostedService(s => s.GetRequiredService<ReplicaLease>());
        return services;
    }

    public static IServiceCollection AddPresence(this IServiceCollection services)
    {
        services.AddSingleton<PresenceStore>();
        services.AddSingleton<PresenceKeeper>();
        services.AddHostedService(s => s.GetRequiredService<PresenceKeeper>());
        services.AddHostedService<Sweeper>();
        return services;
    }

    /// <summary>Bounds for every command, unless the operator's connection string says otherwise.</summary>
    internal static string WithDefaults(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        if (!builder.ContainsKey("Application Name"))
            builder.ApplicationName = "mesh-control-plane";
        if (!builder.ContainsKey("Command Timeout"))
            builder.CommandTimeout = 15;
        if (!builder.ContainsKey("Timeout"))
            builder.Timeout = 5;
        if (!builder.ContainsKey("Maximum Pool Size"))
            builder.MaxPoolSize = 50;
        return builder.ConnectionString;
    }
}
