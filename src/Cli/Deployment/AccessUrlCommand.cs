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
            "Manage the address at which agents and users reach the control plane.",
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
            Description = "https://host or https://host:port, without a path; '' removes it",
        };
        return host.Calls(
            new MeshCommand(
                "set",
                "Set the access URL. Running agents keep using the address that they were started with, shown by `mesh providers show NAME`.",
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
                        ? $"access-url unchanged: already {now}"
                        : "access-url unchanged: not set",
                    answer.Deployment.AccessUrl is { Length: > 0 } set ? $"access-url set: {set}" : "access-url removed"
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
                "over plain http, anyone on the network path can read the tokens of agents and users",
                "agents and mesh reject such an address unless plain text is explicitly allowed",
                $"tip: mesh access-url set https://{address.Authority}, once the control plane serves https"
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
