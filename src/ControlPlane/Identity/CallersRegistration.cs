namespace Coder.Mesh.ControlPlane.Identity;

internal static class CallersRegistration
{
    public static IServiceCollection AddCallers(this IServiceCollection services)
    {
        services.AddSingleton<CallerTokens>();
        services.AddSingleton<LongCalls>();
        services.AddHostedService(p => p.GetRequiredService<LongCalls>());
        return services;
    }
}
