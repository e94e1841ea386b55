using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>What several commands about one provider do.</summary>
internal static class ProviderCalls
{
    public static async Task<Provider> GetProvider(this Invocation run, string name, CancellationToken ct)
    {
        var request = new GetProviderRequest { Provider = name };
        return (await run.Client.Providers.GetProviderAsync(request, cancellationToken: ct)).Provider;
    }

    /// <summary>For programs, the provider after a change; people have read that it happened.</summary>
    public static void ShowAsData(this Invocation run, Provider provider)
    {
        if (run.WantsData)
            run.Data(Json.Of(provider));
    }
}
