using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers create`.</summary>
internal sealed class CreateProvider
{
    private readonly Argument<string> _name = Arguments.One(
        "Name of the new provider: lower-case letters, digits and -"
    );
    private readonly DetailOptions _details = new();
    private readonly Option<string> _tokenOut = ProviderOptions.TokenOut();

    public static Command Make(CliHost host)
    {
        var parts = new CreateProvider();
        var command = new MeshCommand(
            "create",
            "Create a provider, and the token for the agent in its cluster.",
            "mesh providers create us-east-1 --token-out us-east-1.token",
            "mesh providers create eu-west-1 --region eu-west-1 --storage-class fast --max-workspaces 200",
            "mesh providers create us-east-1 -o json | jq -r .token > us-east-1.token"
        )
        {
            parts._name,
        };
        foreach (var detail in parts._details.All)
            command.Add(detail);
        command.Add(parts._tokenOut);
        return host.Calls(command, parts.Run);
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        // Created before the call: a token that cannot be written afterwards would be lost.
        using var file = run.Line.GetValue(_tokenOut) is { } path ? SecretFile.Create(path) : null;
        var request = new CreateProviderRequest
        {
            Name = run.Line.GetRequiredValue(_name),
            Details = _details.Read(run.Line),
        };
        var answer = await run.Client.Providers.CreateProviderAsync(request, cancellationToken: ct);

        run.Output.Success($"provider/{answer.Provider.Name} created");
        var token = NewToken.Keep(file, answer.Token, answer.Provider.Name, run.Output);
        if (run.WantsData)
            run.Data(token.AsJson(answer));
        else
            Show(run, answer, token, await AnOrganization(run, ct));
        return ExitCodes.Ok;
    }

    /// <summary>
    /// Reads the name of an organization for the example. The provider exists already, so errors are ignored.
    /// </summary>
    private static async Task<string?> AnOrganization(Invocation run, CancellationToken ct)
    {
        if (run.DefaultOrganization is { } chosen)
            return chosen.Name;
        try
        {
            var request = new ListOrganizationsRequest { PageSize = 1 };
            var answer = await run.Client.Organizations.ListOrganizationsAsync(request, cancellationToken: ct);
            return answer.Organizations.FirstOrDefault()?.Name;
        }
        catch (RpcException)
        {
            return "default";
        }
    }

    private static void Show(Invocation run, CreateProviderResponse answer, NewToken token, string? organization)
    {
        var provider = answer.Provider;
        var dialled = answer.AccessUrl is { Length: > 0 } url ? new Uri(url) : run.Target.Address;
        var table = new Table("ID", "NAME", "STATUS");
        table.Add(provider.Id, provider.Name, ProviderText.Status(provider));
        run.Output.Table(table);
        var steps = new NextSteps(provider.Name, NextSteps.DefaultNamespace, token, dialled);
        run.Output.Lines(steps.Install(organization));
    }
}
