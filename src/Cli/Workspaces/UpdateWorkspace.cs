using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;
using FieldMask = Google.Protobuf.WellKnownTypes.FieldMask;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces update`.</summary>
internal sealed class UpdateWorkspace
{
    private readonly Argument<string> _name = Arguments.One("Name of one of your workspaces, or any id");
    private readonly ScopeOptions _scope = new();
    private readonly Option<string> _image = new("--image") { Description = "Container image", HelpName = "image" };
    private readonly Option<string> _cpu = Quantity("--cpu", "Processors, such as 500m or 2");
    private readonly Option<string> _memory = Quantity("--memory", "Memory, such as 512Mi or 4Gi");
    private readonly Option<string> _disk = Quantity("--disk", "Size of the home disk; it can only grow");
    private readonly Option<string[]> _command = WorkspaceOptions.Command();
    private readonly EnvironmentOptions _environment = new();
    private readonly Option<string[]> _unset = new("--unset-env")
    {
        Description = "Environment variable to remove; repeatable",
        HelpName = "NAME",
    };
    private readonly Option<string> _email = OwnerOptions.Email("E-mail address of the owner, used at the next start");
    private readonly Option<bool> _takeOwnership = new("--take-ownership")
    {
        Description = "Take over, once, fields of its objects that other field managers own (field_conflict)",
    };
    private readonly Option<bool> _wait = WorkspaceOptions.Wait("up to date");
    private readonly Option<TimeSpan> _timeout = WorkspaceOptions.Timeout();

    public static Command Make(CliHost host)
    {
        var parts = new UpdateWorkspace();
        var changes = parts.Changes.ToList();
        var command = new MeshCommand(
            "update",
            "Change a workspace. Options that are not given keep their value. A running workspace is restarted if its container changes.",
            "mesh workspaces update dev --cpu 4 --memory 8Gi --wait",
            "mesh workspaces update dev --disk 40Gi",
            "mesh workspaces update dev --env EDITOR=vim --unset-env PAGER",
            "mesh workspaces update dev --take-ownership --wait"
        )
        {
            parts._name,
        }.Clears(parts._command, parts._environment.FromSecrets, parts._email);
        foreach (var option in parts._scope.All)
            command.Add(option);
        foreach (var option in changes)
            command.Add(option);
        command.Add(parts._wait);
        command.Add(parts._timeout);
        command.Validators.Add(result =>
        {
            if (!changes.Any(result.IsGiven))
                result.AddError(
                    $"Nothing to change: specify at least one of {string.Join(", ", changes.Select(o => o.Name))}."
                );
        });
        return host.Calls(command, parts.Run);
    }

    private IEnumerable<Option> Changes =>
        [_image, _cpu, _memory, _disk, _command, .. _environment.All, _unset, _email, _takeOwnership];

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var request = await Request(run, ct);
        var answer = await run.Client.Workspaces.UpdateWorkspaceAsync(request, cancellationToken: ct);
        var workspace = answer.Workspace;
        run.Output.Change(
            answer.Unchanged,
            $"workspace/{workspace.Name} unchanged: already has these settings",
            $"workspace/{workspace.Name} updated",
            answer.Unchanged ? [] : [Effect(request, workspace), .. WorkspaceText.Waits(workspace)]
        );

        var exit = ExitCodes.Ok;
        if (run.Line.GetValue(_wait))
        {
            var batch = new Batch(run);
            var limit = run.Line.Duration(_timeout, WorkspaceOptions.DefaultTimeout);
            workspace = (
                await new WorkspaceWait(run, batch, workspace.DesiredState, limit, whole: true).For([workspace], ct)
            )[0];
            exit = batch.ExitCode;
        }

        if (run.WantsData)
            run.Data(Json.Of(workspace));
        return exit;
    }

    private static string Effect(UpdateWorkspaceRequest request, Workspace workspace) =>
        (request.UpdateMask.Paths, workspace.DesiredState) switch
        {
            ([], _) => "its agent takes over the fields that other field managers own",
            (["owner_email"], _) => "used at the next start of the workspace",
            (_, WorkspaceDesiredState.Running) =>
                "if this changes the container, it is restarted; all data outside the home disk is then lost",
            _ => "takes effect at the next start of the workspace",
        };

    private async Task<UpdateWorkspaceRequest> Request(Invocation run, CancellationToken ct)
    {
        var line = run.Line;
        var scope = _scope.Of(run);
        var request = new UpdateWorkspaceRequest
        {
            Workspace = line.GetRequiredValue(_name),
            Organization = scope.Organization,
            Owner = scope.Owner,
            Spec = new WorkspaceSpec(),
            UpdateMask = new FieldMask(),
            TakeOwnership = line.GetValue(_takeOwnership),
        };
        Change(_image, "spec.image", value => request.Spec.Image = value);
        Change(_cpu, "spec.cpu", value => request.Spec.Cpu = value);
        Change(_memory, "spec.memory", value => request.Spec.Memory = value);
        Change(_disk, "spec.disk", value => request.Spec.Disk = value);
        Change(_email, "owner_email", value => request.OwnerEmail = value);
        AddLists(line, request);
        if (_environment.HasVariables(line) || line.IsGiven(_unset))
            await ChangeVariables(run, request, ct);
        return request;

        void Change(Option<string> option, string path, Action<string> set)
        {
            if (!line.IsGiven(option))
                return;
            set(line.GetValue(option) ?? "");
            request.UpdateMask.Paths.Add(path);
        }
    }

    private void AddLists(ParseResult line, UpdateWorkspaceRequest request)
    {
        if (line.IsGiven(_command))
        {
            // A single empty word resets the command to the default.
            request.Spec.Command.AddRange(line.GetValue(_command) is [""] ? [] : line.GetValue(_command) ?? []);
            request.UpdateMask.Paths.Add("spec.command");
        }

        if (!_environment.HasSecrets(line))
            return;
        request.Spec.EnvFrom.AddRange(_environment.Secrets(line));
        request.UpdateMask.Paths.Add("spec.env_from");
    }

    /// <summary>
    /// Reads the current variables, which the API replaces as a whole, and makes the update conditional on them.
    /// </summary>
    private async Task ChangeVariables(Invocation run, UpdateWorkspaceRequest request, CancellationToken ct)
    {
        var read = new GetWorkspaceRequest
        {
            Workspace = request.Workspace,
            Organization = request.Organization,
            Owner = request.Owner,
        };
        var now = (await run.Client.Workspaces.GetWorkspaceAsync(read, cancellationToken: ct)).Workspace;
        request.Spec.Env.Add(now.Spec.Env);
        foreach (var name in run.Line.GetValue(_unset) ?? [])
            request.Spec.Env.Remove(name);
        foreach (var (name, value) in _environment.Variables(run.Line))
            request.Spec.Env[name] = value;
        request.UpdateMask.Paths.Add("spec.env");
        request.Etag = now.Etag;
    }

    private static Option<string> Quantity(string name, string description) =>
        new(name) { Description = description, HelpName = "quantity" };
}
