using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces create`.</summary>
internal sealed class CreateWorkspace
{
    private readonly Argument<string> _name = Arguments.One(
        "Name of the new workspace: lower-case letters, digits and -"
    );
    private readonly Option<string> _image = Setting("--image", "image", WorkspaceDefaults.Image, "Container image");
    private readonly Option<string> _cpu = Setting(
        "--cpu",
        "quantity",
        WorkspaceDefaults.Cpu,
        "Processors, such as 500m or 2"
    );
    private readonly Option<string> _memory = Setting(
        "--memory",
        "quantity",
        WorkspaceDefaults.Memory,
        "Memory, such as 512Mi or 4Gi"
    );
    private readonly Option<string> _disk = Setting(
        "--disk",
        "quantity",
        WorkspaceDefaults.Disk,
        "Size of the home disk, such as 20Gi"
    );
    private readonly Option<string[]> _command = WorkspaceOptions.Command();
    private readonly EnvironmentOptions _environment = new();
    private readonly Option<string> _organization = WorkspaceOptions.Organization(
        "Organization, by name or id; not needed if there is only one"
    );
    private readonly Option<string> _provider = new("--provider")
    {
        Description =
            "Provider, by name or id [default: an eligible provider in --region, or else the default provider]",
        HelpName = "provider",
    };
    private readonly Option<string> _region = new("--region")
    {
        Description = "Region of the provider; without --provider, an eligible provider there is chosen",
        HelpName = "region",
    };
    private readonly OwnerOptions _owner = new();
    private readonly Option<bool> _wait = WorkspaceOptions.Wait("running");
    private readonly Option<TimeSpan> _timeout = WorkspaceOptions.Timeout();

    public static Command Make(CliHost host)
    {
        var parts = new CreateWorkspace();
        var command = new MeshCommand(
            "create",
            "Create a workspace on a provider that is ready.",
            "mesh workspaces create dev --wait",
            "mesh workspaces create dev --region us-east",
            "mesh workspaces create dev --env EDITOR=vim --env-from dev-tokens",
            "mesh workspaces create gpu --image ghcr.io/acme/dev:1 --cpu 4 --memory 8Gi --disk 50Gi --provider us-east-1",
            "mesh workspaces create web --image nginx:1.27 --command sh -c 'exec nginx -g \"daemon off;\"'"
        )
        {
            parts._name,
            parts._image,
            parts._cpu,
            parts._memory,
            parts._disk,
            parts._command,
        };
        foreach (var option in parts._environment.All)
            command.Add(option);
        Option[] others = [parts._organization, parts._provider, parts._region, .. parts._owner.All];
        foreach (var option in others.Append(parts._wait).Append(parts._timeout))
            command.Add(option);
        return host.Calls(command, parts.Run);
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workspaces.CreateWorkspaceAsync(Request(run), cancellationToken: ct);
        var workspace = answer.Workspace;
        run.Output.Success(
            $"workspace/{workspace.Name} created on provider {workspace.Provider}",
            [$"id: {workspace.Id}", .. Chosen(run.Line), .. WorkspaceText.Waits(workspace)]
        );

        var exit = ExitCodes.Ok;
        if (run.Line.GetValue(_wait))
        {
            var batch = new Batch(run);
            var wait = new WorkspaceWait(
                run,
                batch,
                WorkspaceDesiredState.Running,
                run.Line.Duration(_timeout, WorkspaceOptions.DefaultTimeout)
            );
            workspace = (await wait.For([workspace], ct))[0];
            exit = batch.ExitCode;
        }

        if (run.WantsData)
            run.Data(Json.Of(workspace));
        else
            Show(run.Output, workspace);
        return exit;
    }

    private string[] Chosen(ParseResult line) =>
        line.GetValue(_region) is { Length: > 0 } region && string.IsNullOrEmpty(line.GetValue(_provider))
            ? [$"the provider was chosen for region {region}"]
            : [];

    private CreateWorkspaceRequest Request(Invocation run)
    {
        var line = run.Line;
        var request = new CreateWorkspaceRequest
        {
            Name = line.GetRequiredValue(_name),
            Organization = run.Organization(_organization),
            Provider = line.GetValue(_provider) ?? "",
            Region = line.GetValue(_region) ?? "",
            Owner = _owner.Owner(line),
            OwnerEmail = _owner.EmailOf(line),
            Spec = new WorkspaceSpec
            {
                Image = line.GetRequiredValue(_image),
                Cpu = line.GetRequiredValue(_cpu),
                Memory = line.GetRequiredValue(_memory),
                Disk = line.GetRequiredValue(_disk),
            },
        };
        request.Spec.Command.AddRange(line.GetValue(_command) ?? []);
        request.Spec.Env.Add(new Dictionary<string, string>(_environment.Variables(line)));
        request.Spec.EnvFrom.AddRange(_environment.Secrets(line));
        return request;
    }

    private static void Show(Output output, Workspace workspace)
    {
        var table = new Table("ID", "NAME", "STATE", "PROVIDER", "ORGANIZATION");
        table.Add(
            workspace.Id,
            workspace.Name,
            WorkspaceText.Word(workspace),
            workspace.Provider,
            workspace.Organization
        );
        output.Table(table);
    }

    private static Option<string> Setting(string name, string kind, string value, string description) =>
        new(name)
        {
            Description = description,
            HelpName = kind,
            DefaultValueFactory = _ => value,
        };
}
