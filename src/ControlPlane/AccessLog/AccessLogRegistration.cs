namespace Coder.Mesh.ControlPlane.AccessLog;

internal static class AccessLogRegistration
{
    /// <summary>Before the services whose doings it records: what starts first stops last, and stores their last ones too.</summary>
    public static IServiceCollection AddAccessLog(this IServiceCollection services)
    {
        services.AddSingleton<RefusalLog>();
        services.AddHostedService(s => s.GetRequiredService<RefusalLog>());
        services.AddSingleton<AccessRecorder>();
        services.AddSingleton<AccessLogWriter>();
        services.AddHostedService(s => s.GetRequiredService<AccessLogWriter>());
        return services;
    }
}
