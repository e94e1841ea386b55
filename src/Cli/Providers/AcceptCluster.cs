using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers accept-cluster`.</summary>
internal static class AcceptCluster
{
    public static Command Make(CliHost host)
    {
        var name = Arguments.One("Name or id of the provider");
        var yes = YesOption.Make();
        return host.Calls(
            new MeshCommand(
                "accept-cluster",
                "Bind a provider to another cluster or namespace: the one that its agent was last refused for.",
                "mesh providers accept-cluster us-east-1",
                "mesh providers accept-cluster us-east-1 --yes"
            )
            {
                name,
                yes,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(name), run.Line.GetValue(yes), ct)
        );
    }

    private static async Task<int> Run(Invocation run, string name, bool yes, CancellationToken ct)
    {
        var provider = await run.GetProvider(name, ct);
        if (provider.OfferedCluster is not { } offered)
            throw NothingOffered(provider);
        await Confirmation.Yes(run, yes, Change(run, provider, offered), "Accept it?", ct);

        // The one that was shown: another that has been offered since is refused.
        var request = new AcceptClusterRequest { Provider = provider.Id, NamespaceUid = offered.NamespaceUid };
        var answer = await run.Client.Providers.AcceptClusterAsync(request, cancellationToken: ct);
        run.Output.Success(
            $"provider/{answer.Provider.Name} bound to namespace UID {offered.NamespaceUid}",
            $"previously: {Text.OrNone(answer.PreviousNamespaceUid)}",
            "its agent can attach at its next attempt, within about a minute",
            $"tip: mesh providers show {answer.Provider.Name}"
        );
        if (run.WantsData)
            run.Data(Json.Of(answer));
        return ExitCodes.Ok;
    }

    private static Loss Change(Invocation run, Provider provider, OfferedCluster offered)
    {
        var count = provider.UnfinishedWorkspaces;
        return new Loss(
            $"provider \"{provider.Name}\" will be bound to another cluster or namespace",
            $"currently bound to: {ProviderText.Namespace(provider.Agent?.Namespace, provider.Agent?.NamespaceUid)}",
            $"will be bound to: {ProviderText.Namespace(offered.Namespace, offered.NamespaceUid)}, {Text.Age(offered.Time, run.Time)} ago",
            count == 0
                ? "it has no unfinished workspaces"
                : $"{ProviderText.Workspaces(count)} will start there with empty disks; nothing is removed from the old cluster"
        );
    }

    private static CliException NothingOffered(Provider provider) =>
        new(
            new Failure(
                $"no agent of another cluster has tried to attach as provider \"{provider.Name}\"",
                ExitCodes.Refused
            )
            {
                Details =
                [
                    $"bound to: {ProviderText.Namespace(provider.Agent?.Namespace, provider.Agent?.NamespaceUid)}",
                ],
                Tips =
                [
                    "start the agent in the new cluster with this provider's token; run this command once it was refused",
                ],
            }
        );
}
