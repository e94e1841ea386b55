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
        Description = "Id of the orphan, as listed by `mesh providers orphans ls PROVIDER`",
    };
    private readonly Option<string> _organization = WorkspaceOptions.Organization(
        "Organization, by name or id; not needed if there is only one"
    );
    private readonly Option<string> _name = Recorded("--name", "name", "Name of the workspace");
    private readonly Option<string> _image = Recorded("--image", "image", "Container image");
    private readonly Option<string> _cpu = Recorded("--cpu", "quantity", "Processors, such as 500m or 2");
    private readonly Option<string> _memory = Recorded("--memory", "quantity", "Memory, such as 512Mi or 4Gi");
    private readonly Option<string> _disk = Recorded("--disk", "quantity", "Size of the home disk, such as 20Gi");
    private readonly OwnerOptions _owner = new();

    public static Command Make(CliHost host)
    {
        var parts = new AdoptOrphan();
        var command = new MeshCommand(
            "adopt",
            "Turn an orphan into a workspace, and start it. Its disk is kept.",
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
            $"workspace/{workspace.Name} adopted: provider {workspace.Provider}, organization {workspace.Organization}",
            $"to wait until it runs: mesh workspaces start {workspace.Id} --wait"
        );
        if (run.WantsData)
            run.Data(Json.Of(workspace));
        return ExitCodes.Ok;
    }

    private static Option<string> Recorded(string name, string kind, string description) =>
        new(name) { Description = $"{description} [default: as recorded in the cluster]", HelpName = kind };
}
