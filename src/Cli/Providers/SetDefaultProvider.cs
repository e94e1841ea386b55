using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers set-default`.</summary>
internal static class SetDefaultProvider
{
    public static Command Make(CliHost host)
    {
        var name = Arguments.One("Name or id of the provider");
        return host.Calls(
            new MeshCommand(
                "set-default",
                "Make a provider the default, on which workspaces are created that name neither a provider nor a region.",
                "mesh providers set-default us-east-1"
            )
            {
                name,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(name), ct)
        );
    }

    private static async Task<int> Run(Invocation run, string name, CancellationToken ct)
    {
        var request = new SetDefaultProviderRequest { Provider = name };
        var answer = await run.Client.Providers.SetDefaultProviderAsync(request, cancellationToken: ct);
        var provider = answer.Provider;
        run.Output.Change(
            answer.Unchanged,
            $"provider/{provider.Name} unchanged: already the default",
            $"provider/{provider.Name} set as default: used for workspaces that name no provider",
            "organizations that cannot use it must name another provider",
            "tip: mesh orgs ls"
        );
        run.ShowAsData(provider);
        return ExitCodes.Ok;
    }
}
