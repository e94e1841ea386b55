using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers rm`.</summary>
internal static class RemoveProviders
{
    public static Command Make(CliHost host)
    {
        var names = Arguments.Several("Names or ids of the providers");
        var yes = YesOption.Make();
        var command = host.Calls(
            new MeshCommand(
                "rm",
                "Remove providers that have no workspaces. The built-in and the default provider cannot be removed.",
                "mesh providers rm us-east-1",
                "mesh providers rm us-east-1 eu-west-1 --yes"
            )
            {
                names,
                yes,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(names), run.Line.GetValue(yes), ct)
        );
        command.Aliases.Add("delete");
        return command;
    }

    private static Task<int> Run(Invocation run, string[] names, bool yes, CancellationToken ct) =>
        Batch.Remove(
            run,
            "provider",
            names,
            yes,
            ", including agent tokens",
            async name => Removable.Refusal(await run.GetProvider(name, ct)),
            async name =>
                await run.Client.Providers.DeleteProviderAsync(
                    new DeleteProviderRequest { Provider = name },
                    cancellationToken: ct
                ),
            ct
        );
}
