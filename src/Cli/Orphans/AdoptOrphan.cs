using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Workspaces;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Orphans;

/// <summary>`mesh providers orphans adopt`.</summary>
internal sealed class AdoptOrphan
{
    private readonly Argument<string> _provider = OrphansCommand.Provider();
    private readonly Argument<string> _id = new("workspace-id")
    {
        Description = "Id of the orphan, as `mesh providers orphans ls PROVIDER` lists it",
    };
    private readonly Option<string> _organization = WorkspaceOptions.Organization(
        "Organization, by name or id; the only one where nothing names it"
    );
    private readonly Option<string> _name = Told("--name", "name", "Name of the workspace");
    private readonly Option<string> _image = Told("--image", "image", "Container image");
    private readonly Option<string> _cpu = Told("--cpu", "quantity", "Processors, such as 500m or 2");
    private readonly Option<string> _memory = Told("--memory", "quantity", "Memory, such as 512Mi or 4Gi");
    private readonly Option<string> _disk = Told("--disk", "quantity", "Size of the home disk, such as 20Gi");
    private readonly OwnerOptions _owner = new();

    public static Command Make(CliHost host)
    {
        var parts = new AdoptOrphan();
        var command = new MeshCommand(
            "adopt",
            "Make an orphan a workspace of yours, and start it. It keeps its disk.",
            "mesh providers orphans adopt us-east-1 0198c1e0000070008000000000000001",
            "mesh providers orphans adopt us-east-1 0198c1e0000070008000000000000001 --org science --name dev --image ubuntu:24.04"
        )
        {
            parts._provider,
            parts._id,
            parts._organization,
            parts._name,
            parts._image,
            parts._cpu,
            parts._memory,
            parts._disk,
        };
        foreach (var option in parts._owner.All)
            command.Add(option);
        return host.Calls(command, parts.Run);
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var line = run.Line;
        var request = new AdoptOrphanRequest
        {
            Provider = line.GetRequiredValue(_provider),
            WorkspaceId = line.GetRequiredValue(_id),
            Organization = run.Organization(_organization),
            Name = line.GetValue(_name) ?? "",
            Owner = _owner.Owner(line),
            OwnerEmail = _owner.EmailOf(line),
            Spec = new WorkspaceSpec
            {
                Image = line.GetValue(_image) ?? "",
                Cpu = line.GetValue(_cpu) ?? "",
                Memory = line.GetValue(_memory) ?? "",
                Disk = line.GetValue(_disk) ?? "",
            },
        };
        var workspace = (await run.Client.Providers.AdoptOrphanAsync(request, cancellationToken: ct)).Workspace;
        run.Output.Success(
            $"adopted workspace \"{workspace.Name}\" of provider \"{workspace.Provider}\" for organization \"{workspace.Organization}\"",
            $"see it start: mesh workspaces start {workspace.Id} --wait"
        );
        if (run.WantsData)
            run.Data(Json.Of(workspace));
        return ExitCodes.Ok;
    }

    private static Option<string> Told(string name, string kind, string description) =>
        new(name) { Description = $"{description} [default: as its objects tell it]", HelpName = kind };
}
