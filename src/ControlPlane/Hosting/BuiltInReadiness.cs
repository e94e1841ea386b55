using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>
/// Tells scripts whether the built-in provider is ready and its agent attached, whatever its name, cordoned or not.
/// </summary>
internal static class BuiltInReadiness
{
    public const string Path = "/health/built-in";

    public static void MapBuiltInReadiness(this IApplicationBuilder management) =>
        management.Map(Path, at => at.Run(Answer));

    private static async Task Answer(HttpContext context)
    {
        var (ready, text) = await Check(context.RequestServices, context.RequestAborted);
        context.Response.StatusCode = ready
            ? Microsoft.AspNetCore.Http.StatusCodes.Status200OK
            : Microsoft.AspNetCore.Http.StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync($"{text}\n", context.RequestAborted);
    }

    private static async Task<(bool Ready, string Text)> Check(IServiceProvider services, CancellationToken ct)
    {
        try
        {
            var view = services.GetRequiredService<ProviderView>();
            var found = await view.Overview((await view.BuiltIn(ct)).ProviderId, ct);
            if (found.Error is { } error)
                return (false, error.Message);
            var isDefault = await services.GetRequiredService<DeploymentView>().DefaultProviderId(ct);
            return Describe(found.Value, found.Value.Provider.ProviderId == isDefault);
        }
        catch (Exception e) when (StoreFailure.IsUnavailable(e))
        {
            return (false, StoreFailure.Unavailable.Message);
        }
    }

    /// <returns>One line that begins with the provider's name.</returns>
    internal static (bool Ready, string Text) Describe(ProviderOverview seen, bool isDefault)
    {
        var (provider, presence) = (seen.Provider, seen.Presence);
        var marks = (provider.Cordon is null ? "" : ", cordoned") + (isDefault ? "" : ", not the default");
        return presence switch
        {
            // After a restart, the status is the previous one until the startup grace period is over.
            { Status: ProviderStatus.Ready, Attached: true } => (true, $"{provider.Name} is ready{marks}"),
            { Status: ProviderStatus.Ready } => (false, $"{provider.Name} is ready, but no agent is attached{marks}"),
            { Status: ProviderStatus.Pending } => (
                false,
                $"{provider.Name} is pending: no agent has attached yet{marks}"
            ),
            _ => (false, $"{provider.Name} is in error: {presence.Code}: {presence.Message}{marks}"),
        };
    }
}
