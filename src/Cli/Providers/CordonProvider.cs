using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers cordon` and `uncordon`.</summary>
internal static class CordonProvider
{
    public static Command Make(CliHost host)
    {
        var name = Arguments.One("Name or id of the provider");
        var reason = ProviderOptions.Reason("Reason, shown to users who try to create workspaces on it");
        return host.Calls(
            new MeshCommand(
                "cordon",
                "Prevent new workspaces on a provider. Existing ones keep running, and can be started and stopped.",
                "mesh providers cordon us-east-1 --reason 'upgrade of the cluster until Friday'"
            )
            {
                name,
                reason,
            },
            (run, ct) => Cordon(run, run.Line.GetRequiredValue(name), run.Line.GetRequiredValue(reason), ct)
        );
    }

    public static Command MakeUncordon(CliHost host)
    {
        var name = Arguments.One("Name or id of the provider");
        return host.Calls(
            new MeshCommand(
                "uncordon",
                "Allow new workspaces on a provider again.",
                "mesh providers uncordon us-east-1"
            )
            {
                name,
            },
            (run, ct) => Uncordon(run, run.Line.GetRequiredValue(name), ct)
        );
    }

    private static async Task<int> Cordon(Invocation run, string name, string reason, CancellationToken ct)
    {
        var request = new CordonProviderRequest { Provider = name, Reason = reason };
        var answer = await run.Client.Providers.CordonProviderAsync(request, cancellationToken: ct);
        var provider = answer.Provider;
        run.Output.Change(
            answer.Unchanged,
            $"provider/{provider.Name} unchanged: already cordoned for the same reason",
            $"provider/{provider.Name} cordoned: no new workspaces can be created on it",
            provider.UnfinishedWorkspaces == 0
                ? "it has no workspaces"
                : $"its {ProviderText.Workspaces(provider.UnfinishedWorkspaces)} can be used as before",
            $"tip: mesh providers uncordon {provider.Name}"
        );
        if (answer.Warning.Length > 0)
            run.Output.Warning(answer.Warning, "tip: mesh providers set-default NAME");
        run.ShowAsData(provider);
        return ExitCodes.Ok;
    }

    private static async Task<int> Uncordon(Invocation run, string name, CancellationToken ct)
    {
        var request = new UncordonProviderRequest { Provider = name };
        var answer = await run.Client.Providers.UncordonProviderAsync(request, cancellationToken: ct);
        var provider = answer.Provider;
        run.Output.Change(
            answer.Unchanged,
            $"provider/{provider.Name} unchanged: not cordoned",
            $"provider/{provider.Name} uncordoned: new workspaces can be created on it"
        );
        if (provider.Status != ProviderStatus.Ready)
            run.Output.Warning(
                $"no workspaces can be created on it until it is ready; its status is {ProviderText.Status(provider)}",
                $"tip: mesh providers show {provider.Name}"
            );
        run.ShowAsData(provider);
        return ExitCodes.Ok;
    }
}
