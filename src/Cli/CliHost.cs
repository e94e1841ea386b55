using System.CommandLine;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Grpc.Core;

namespace Coder.Mesh.Cli;

/// <summary>What commands need from the process, and the one place where their failures become words and exit codes.</summary>
internal sealed class CliHost(Output output, Prompt prompt, Func<string, string?> env, TimeProvider time)
{
    public Output Output => output;

    public TimeProvider Time => time;

    /// <summary>Gives a command that calls the control plane its action.</summary>
    public MeshCommand Calls(MeshCommand command, Func<Invocation, CancellationToken, Task<int>> run)
    {
        command.SetAction((line, ct) => Run(line, run, ct));
        return command;
    }

    private async Task<int> Run(
        ParseResult line,
        Func<Invocation, CancellationToken, Task<int>> run,
        CancellationToken ct
    )
    {
        ControlPlane? target = null;
        try
        {
            var address = Address.Resolve(line.GetValue(GlobalOptions.Address), env);
            var token = Token.Find(line.GetValue(GlobalOptions.TokenFile), address, env);
            target = new ControlPlane(
                address,
                token.Origin,
                line.Duration(GlobalOptions.RequestTimeout, TimeSpan.FromSeconds(10))
            );
            WarnIfShared(token);
            using var client = new MeshClient(target, token.Secret, time);
            return await run(new Invocation(line, client, target, output, prompt, time), ct);
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
        catch (RpcException e) when (target is not null)
        {
            var failure = RpcFailures.From(e, target);
            output.Error(failure);
            return failure.ExitCode;
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
