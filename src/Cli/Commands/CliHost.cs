using System.CommandLine;
using Coder.Mesh.Cli.CallFailures;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.Cli.Commands;

/// <summary>The environment of commands; converts their failures to messages and exit codes.</summary>
internal sealed class CliHost(
    Output output,
    Prompt prompt,
    Func<string, string?> env,
    TimeProvider time,
    IEnumerable<string> variables
)
{
    public Output Output => output;

    public Prompt Prompt => prompt;

    public TimeProvider Time => time;

    public Func<string, string?> Env => env;

    public ConfigFile Contexts { get; } = new(env, time);

    /// <summary>Sets the action of a command that calls the control plane.</summary>
    public MeshCommand Calls(MeshCommand command, Func<Invocation, CancellationToken, Task<int>> run) =>
        Runs(
            command,
            async (line, ct) =>
            {
                foreach (var (given, meant) in MisspeltVariables.Among(variables))
                    output.Warning($"{given} has no effect", $"tip: did you mean {meant}?");
                var access = Access.Find(line, Contexts, env);
                return await Call(access, line, run, ct);
            }
        );

    /// <summary>Sets the action of a command that does not need the control plane.</summary>
    public MeshCommand Runs(MeshCommand command, Func<ParseResult, CancellationToken, Task<int>> run)
    {
        command.SetAction(
            (line, ct) =>
                Guard(
                    () =>
                    {
                        CheckFormat(line, command);
                        return run(line, ct);
                    },
                    ct
                )
        );
        return command;
    }

    // Checked before the command changes anything.
    private static void CheckFormat(ParseResult line, MeshCommand command)
    {
        if (
            line.Format() is not ((OutputFormat.Name or OutputFormat.Id) and var format)
            || command.Alone.Contains(format)
        )
            return;
        var isList = command.Alone.Count > 0;
        throw new CliException(
            new Failure(
                isList
                    ? $"-o {Text.Word(format)} is not supported: this list has no {Text.Word(format)}s"
                    : $"-o {Text.Word(format)} is not supported: it is for lists only",
                ExitCodes.Usage
            )
            {
                Tips =
                [
                    isList
                        ? $"-o {Text.Word(command.Alone[0])} prints {Text.Word(command.Alone[0])}s"
                        : "use -o json instead",
                ],
            }
        );
    }

    public Task<int> Call(
        Access access,
        ParseResult line,
        Func<Invocation, CancellationToken, Task<int>> run,
        CancellationToken ct
    ) => Call(access.Target, access.Token, line, run, ct, access.Organization);

    /// <summary>Runs a command against a control plane, and converts errors of calls to failures.</summary>
    public async Task<int> Call(
        ControlPlane target,
        Token token,
        ParseResult line,
        Func<Invocation, CancellationToken, Task<int>> run,
        CancellationToken ct,
        DefaultOrganization? organization = null
    )
    {
        WarnIfShared(token);
        using var client = Calling.With(target, token.Secret, time);
        try
        {
            return await run(
                new Invocation(line, client, target, output, prompt, time) { DefaultOrganization = organization },
                ct
            );
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            throw new CliException(
                Explained(
                    RpcFailures.From(e, target, Subject.Of(line, name: null, organization?.Name)),
                    line,
                    organization
                )
            );
        }
    }

    // The organization was not given on the command line, so its origin is shown.
    private static Failure Explained(Failure failure, ParseResult line, DefaultOrganization? organization) =>
        failure.Reason == ErrorReasons.OrganizationNotFound
        && organization is not null
        && line.CommandResult.Command.Options.Any(o => o.Name == DefaultOrganization.OptionName && !line.IsGiven(o))
            ? failure with
            {
                Tips = [organization.Undo, .. failure.Tips],
                Details =
                [
                    .. failure.Details,
                    $"organization \"{organization.Name}\" comes from {organization.Origin}",
                ],
            }
            : failure;

    private async Task<int> Guard(Func<Task<int>> run, CancellationToken ct)
    {
        try
        {
            return await run();
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            // Errors after an interrupt are a consequence of it.
            return ExitCodes.Interrupted;
        }
        catch (CliException e)
        {
            output.Error(e.Failure);
            return e.Failure.ExitCode;
        }
    }

    private void WarnIfShared(Token token)
    {
        const UnixFileMode others =
            UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (OperatingSystem.IsWindows() || token.File is not { } path || !File.Exists(path))
            return;
        if ((File.GetUnixFileMode(path) & others) != 0)
            output.Warning($"{token.Origin} can be read or changed by others", $"tip: chmod 600 {path}");
    }
}
