using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers forget`.</summary>
internal sealed class ForgetProvider
{
    private readonly Argument<string> _name = Arguments.One("Name or id of the provider");
    private readonly Option<string> _reason = ProviderOptions.Reason(
        "Reason, recorded in its history and in that of its workspaces"
    );
    private readonly Option<bool> _force = new("--force")
    {
        Description = "Forget the provider even if its status is not error",
    };
    private readonly Option<string> _confirm = new("--confirm")
    {
        Description = "The provider's name, to confirm where there is no terminal",
        HelpName = "name",
    };
    private readonly Option<bool> _yes = new("--yes", "-y")
    {
        Description = "Skip the confirmation on a terminal; elsewhere --confirm is required",
    };

    public static Command Make(CliHost host)
    {
        var parts = new ForgetProvider();
        return host.Calls(
            new MeshCommand(
                "forget",
                "Remove a provider whose cluster is gone. Its workspaces end as lost; nothing is removed from the cluster.",
                "mesh providers forget us-east-1 --reason 'the cluster burnt down'",
                "mesh providers forget us-east-1 --reason 'the cluster burnt down' --confirm us-east-1"
            )
            {
                parts._name,
                parts._reason,
                parts._force,
                parts._confirm,
                parts._yes,
            },
            parts.Run
        );
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var line = run.Line;
        var provider = await run.GetProvider(line.GetRequiredValue(_name), ct);
        var given = line.GetValue(_confirm);
        if (given is null && line.GetValue(_yes) && run.Prompt.Possible)
            given = provider.Name;
        if (given is null && Removable.RefusalToForget(provider, line.GetValue(_force)) is { } refusal)
            throw new CliException(refusal);
        await Confirmation.Name(run, provider.Name, given, Loss(provider), ct);

        var request = new ForgetProviderRequest
        {
            Provider = provider.Id,
            ConfirmName = provider.Name,
            Force = line.GetValue(_force),
            Reason = line.GetRequiredValue(_reason),
        };
        var answer = await run.Client.Providers.ForgetProviderAsync(request, cancellationToken: ct);
        run.Output.Success(
            $"provider/{provider.Name} forgotten: {ProviderText.Workspaces(answer.LostWorkspaces)} lost"
        );
        if (run.WantsData)
            run.Data(Json.Of(answer));
        else if (answer.CleanupCommand.Length > 0)
            run.Output.Lines(
                "Nothing was removed from its cluster. To remove what is left there, disks included:",
                "",
                $"    {answer.CleanupCommand}"
            );
        return ExitCodes.Ok;
    }

    private static Loss Loss(Provider provider) =>
        new(
            $"provider \"{provider.Name}\" will be forgotten; this cannot be undone",
            $"status: {ProviderText.Status(provider)}",
            $"will be lost: {ProviderText.Workspaces(provider.UnfinishedWorkspaces)}",
            $"organizations that can use it: {(provider.Organizations.Count > 0 ? string.Join(", ", provider.Organizations) : "none")}"
        );
}
