using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Deployment;

/// <summary>`mesh access-url`.</summary>
internal static class AccessUrlCommand
{
    public static Command Make(CliHost host) =>
        new MeshCommand(
            "access-url",
            "The address at which agents and users reach the control plane.",
            "mesh access-url show",
            "mesh access-url set https://mesh.example.com"
        )
        {
            Subcommands = { MakeShow(host), MakeSet(host) },
        };

    private static MeshCommand MakeShow(CliHost host) =>
        host.Calls(
            new MeshCommand(
                "show",
                "Show the access URL.",
                "mesh access-url show",
                "mesh access-url show -o json | jq -r .accessUrl"
            ),
            async (run, ct) =>
            {
                var answer = await run.Client.Deployment.GetDeploymentAsync(new(), cancellationToken: ct);
                Show(run, answer.Deployment);
                return ExitCodes.Ok;
            }
        );

    private static MeshCommand MakeSet(CliHost host)
    {
        var url = new Argument<string>("url")
        {
            Description = "https://host, with a port if need be and without a path; '' takes it back",
        };
        return host.Calls(
            new MeshCommand(
                "set",
                "Set the access URL. Agents go on dialling what they were given; \"mesh providers show NAME\" tells which.",
                "mesh access-url set https://mesh.example.com",
                "mesh access-url set ''"
            )
            {
                url,
            },
            async (run, ct) =>
            {
                var request = new SetAccessUrlRequest { AccessUrl = run.Line.GetRequiredValue(url) };
                var answer = await run.Client.Deployment.SetAccessUrlAsync(request, cancellationToken: ct);
                run.Output.Change(
                    answer.Unchanged,
                    answer.Deployment.AccessUrl is { Length: > 0 } now
                        ? $"the access URL is {now} already"
                        : "the deployment has no access URL",
                    answer.Deployment.AccessUrl is { Length: > 0 } set
                        ? $"the access URL is {set}"
                        : "the deployment has no access URL any more"
                );
                Warn(run, answer.Deployment.AccessUrl);
                if (run.WantsData)
                    Show(run, answer.Deployment);
                return ExitCodes.Ok;
            }
        );
    }

    private static void Warn(Invocation run, string url)
    {
        if (
            Uri.TryCreate(url, UriKind.Absolute, out var address)
            && address.Scheme == Uri.UriSchemeHttp
            && !Address.IsLoopback(address)
        )
            run.Output.Warning(
                "over plain http everybody on the way can read the tokens of agents and users",
                "agents and mesh refuse such an address unless they are told to allow plain text",
                $"tip: mesh access-url set https://{address.Authority}, once the control plane is reached by https"
            );
    }

    private static void Show(Invocation run, Coder.Mesh.V1.Deployment deployment)
    {
        if (run.WantsData)
            run.Data(Json.Of(deployment));
        else
            run.Output.Fields(
                new Fields()
                    .Add("Access URL", deployment.AccessUrl)
                    .Add("Deployment", deployment.Id)
                    .Add("Version", deployment.Version)
            );
    }
}
