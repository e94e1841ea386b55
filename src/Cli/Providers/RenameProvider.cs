using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers rename`.</summary>
internal static class RenameProvider
{
    public static Command Make(CliHost host)
    {
        var old = new Argument<string>("name") { Description = "Name or id of the provider" };
        var next = new Argument<string>("new-name") { Description = "New name: lower-case letters, digits and -" };
        return host.Calls(
            new MeshCommand(
                "rename",
                "Rename a provider. Its id, agent and workspaces stay the same.",
                "mesh providers rename us-east us-east-1"
            )
            {
                old,
                next,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(old), run.Line.GetRequiredValue(next), ct)
        );
    }

    private static async Task<int> Run(Invocation run, string old, string next, CancellationToken ct)
    {
        var request = new RenameProviderRequest { Provider = old, NewName = next };
        var answer = await run.Client.Providers.RenameProviderAsync(request, cancellationToken: ct);
        var provider = answer.Provider;
        run.Output.Change(
            answer.Unchanged,
            $"provider/{provider.Name} unchanged: already has this name",
            $"provider/{old} renamed: its name is now {provider.Name}"
        );
        run.ShowAsData(provider);
        return ExitCodes.Ok;
    }
}
