using Coder.Mesh.ControlPlane.Edge;

namespace Coder.Mesh.ControlPlane.Agents;

internal static class AgentsRegistration
{
    public static IServiceCollection AddAgentStreams(this IServiceCollection services)
    {
        services.AddOptions<AgentStreamOptions>().BindConfiguration(AgentStreamOptions.Section);
        services.AddSingleton<AgentStreamMetrics>();
        services.AddSingleton<AttachRecorder>();
        services.AddSingleton<AgentSessions>();
        services.AddSingleton<SessionCheck>();
        services.AddHostedService(s => s.GetRequiredService<SessionCheck>());
        services.AddSingleton<SessionPermits>();
        services.AddSingleton<AgentArrivals>();
        services.AddSingleton<AgentAdmission>();
        services.AddSingleton<SnapshotReads>();
        services.AddSingleton<AgentSessionRunner>();
        services.AddSingleton<OpenStreams>();
        services.AddSingleton<StreamDrain>();
        services.AddHostedService(s => s.GetRequiredService<StreamDrain>());
        services.AddHostedService<StoreOutageWatch>();
        return services;
    }
}
