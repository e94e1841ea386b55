using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>Calls and output that several provider commands share.</summary>
internal static class ProviderCalls
{
    public static async Task<Provider> GetProvider(this Invocation run, string name, CancellationToken ct)
    {
        var request = new GetProviderRequest { Provider = name };
        return (await run.Client.Providers.GetProviderAsync(request, cancellationToken: ct)).Provider;
    }

    /// <summary>Writes the changed provider as data, if the output format asks for it.</summary>
    public static void ShowAsData(this Invocation run, Provider provider)
    {
        if (run.WantsData)
            run.Data(Json.Of(provider));
    }
}
