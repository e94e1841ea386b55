namespace Coder.Mesh.ControlPlane.AccessLog;

internal static class AccessLogRegistration
{
    /// <summary>
    /// Registers the access log. Call it before the services that record: hosted services stop in reverse order, so
    /// their last records are still stored.
    /// </summary>
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
