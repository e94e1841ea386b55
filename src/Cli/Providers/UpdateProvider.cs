using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers update`.</summary>
internal sealed class UpdateProvider
{
    private readonly Argument<string> _name = Arguments.One("Name or id of the provider");
    private readonly DetailOptions _details = new();

    public static Command Make(CliHost host)
    {
        var parts = new UpdateProvider();
        var options = parts._details.All.ToArray();
        var command = new MeshCommand(
            "update",
            "Change the details of a provider. Options that are not given keep their value; an empty value clears it.",
            "mesh providers update us-east-1 --max-workspaces 200",
            "mesh providers update us-east-1 --storage-class fast --region ''",
            "mesh providers update us-east-1 --toleration gpu=true:NoSchedule --node-selector pool=gpu"
        )
        {
            parts._name,
        }.Clears(options);
        foreach (var detail in options)
            command.Add(detail);
        command.Validators.Add(result =>
        {
            if (!options.Any(result.IsGiven))
                result.AddError(
                    $"Nothing to change: specify at least one of {string.Join(", ", options.Select(o => o.Name))}."
                );
        });
        return host.Calls(command, parts.Run);
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var request = new UpdateProviderRequest
        {
            Provider = run.Line.GetRequiredValue(_name),
            Details = _details.Read(run.Line),
            UpdateMask = _details.Given(run.Line),
        };
        var answer = await run.Client.Providers.UpdateProviderAsync(request, cancellationToken: ct);
        var provider = answer.Provider;
        run.Output.Change(
            answer.Unchanged,
            $"provider/{provider.Name} unchanged: already has these details",
            $"provider/{provider.Name} updated",
            answer.Unchanged ? [] : [.. _details.Effects(run.Line)]
        );
        run.ShowAsData(provider);
        return ExitCodes.Ok;
    }
}
