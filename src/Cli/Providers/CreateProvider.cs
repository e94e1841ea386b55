using System.CommandLine;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers create`.</summary>
internal sealed class CreateProvider
{
    private readonly Argument<string> _name = Arguments.One(
        "Name of the new provider: lower-case letters, digits and -"
    );
    private readonly Option<string> _region = new("--region")
    {
        Description = "Where it is, for people who choose a provider",
        HelpName = "region",
    };
    private readonly Option<string> _hostname = new("--hostname")
    {
        Description = "Name of the cluster's host (informational)",
        HelpName = "host",
    };
    private readonly Option<string> _clusterAddress = new("--cluster-address")
    {
        Description = "Address of the cluster's API server (informational)",
        HelpName = "url",
    };
    private readonly Option<string> _storageClass = new("--storage-class")
    {
        Description = "Storage class of new workspaces' disks [default: the cluster's default]",
        HelpName = "class",
    };
    private readonly Option<string> _tokenOut = new("--token-out")
    {
        Description = "Write the agent's token to this new file, with mode 0600, instead of printing it",
        HelpName = "file",
    };

    public static Command Make(CliHost host)
    {
        var parts = new CreateProvider();
        return host.Calls(
            new MeshCommand(
                "create",
                "Register a provider, and get the token for the agent in its cluster.",
                "mesh providers create us-east-1 --token-out us-east-1.token",
                "mesh providers create eu-west-1 --region eu-west-1 --storage-class fast",
                "mesh providers create us-east-1 -o json | jq -r .token > us-east-1.token"
            )
            {
                parts._name,
                parts._region,
                parts._hostname,
                parts._clusterAddress,
                parts._storageClass,
                parts._tokenOut,
            },
            parts.Run
        );
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var line = run.Line;
        // Made before the call: a token that then can't be kept would be lost.
        using var file = line.GetValue(_tokenOut) is { } path ? SecretFile.Create(path) : null;
        var answer = await run.Client.Providers.CreateProviderAsync(
            new CreateProviderRequest
            {
                Name = line.GetRequiredValue(_name),
                Details = new ProviderDetails
                {
                    Region = line.GetValue(_region) ?? "",
                    Hostname = line.GetValue(_hostname) ?? "",
                    ClusterAddress = line.GetValue(_clusterAddress) ?? "",
                    StorageClass = line.GetValue(_storageClass) ?? "",
                },
            },
            cancellationToken: ct
        );

        run.Output.Success($"created provider \"{answer.Provider.Name}\"");
        var keptIn = Keep(file, answer, run.Output);
        if (run.Json)
            run.Output.Json(AsJson(answer, keptIn));
        else
            Show(run, answer, keptIn);
        return ExitCodes.Ok;
    }

    /// <returns>The file that holds the token now; null when it has to be printed.</returns>
    private static string? Keep(SecretFile? file, CreateProviderResponse answer, Output output)
    {
        try
        {
            file?.Keep(answer.Token);
            return file?.Path;
        }
        catch (IOException e)
        {
            output.Warning($"could not write the token to {file!.Path}; it is printed instead", $"cause: {e.Message}");
            return null;
        }
    }

    private static System.Text.Json.Nodes.JsonObject AsJson(CreateProviderResponse answer, string? keptIn)
    {
        var json = Json.Of(answer).AsObject();
        if (keptIn is not null)
            json.Remove("token");
        return json;
    }

    private static void Show(Invocation run, CreateProviderResponse answer, string? keptIn)
    {
        var provider = answer.Provider;
        var table = new Table("ID", "NAME", "STATUS");
        table.Add(provider.Id, provider.Name, ProviderText.Status(provider));
        run.Output.Table(table);
        run.Output.Lines(NextSteps.For(provider.Name, answer.Token, keptIn, run.Target.Address));
    }
}
