using System.CommandLine;
using Coder.Mesh.Cli.CallFailures;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.Cli.Commands;

/// <summary>What commands need from the process, and the one place where their failures become words and exit codes.</summary>
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

    /// <summary>Gives a command that calls the control plane its action.</summary>
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

    /// <summary>Gives a command that may do without the control plane its action.</summary>
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

    // Before anything is done: what a command has done can't be undone by telling that it could not be shown.
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
                    ? $"-o {Text.Word(format)}: what this command lists has no {Text.Word(format)}s"
                    : $"-o {Text.Word(format)} is for lists of what has a {Text.Word(format)}",
                ExitCodes.Usage
            )
            {
                Tips =
                [
                    isList
                        ? $"-o {Text.Word(command.Alone[0])} prints their {Text.Word(command.Alone[0])}s"
                        : "-o json has all that this command tells",
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

    /// <summary>Calls a control plane; what a call ends with is told in its words.</summary>
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

    // It was not typed: without its origin nobody finds it.
    private static Failure Explained(Failure failure, ParseResult line, DefaultOrganization? organization) =>
        failure.Reason == ErrorReasons.OrganizationNotFound
        && organization is not null
        && line.CommandResult.Command.Options.Any(o => o.Name == DefaultOrganization.OptionName && !line.IsGiven(o))
            ? failure with
            {
                Tips = [organization.Undo, .. failure.Tips],
                Details = [.. failure.Details, $"organization \"{organization.Name}\" came from {organization.Origin}"],
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
            // Whatever the cancelled call ended with, the caller of this process asked for it.
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
