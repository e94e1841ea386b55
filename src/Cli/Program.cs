using System.CommandLine;
using Coder.Mesh.Cli;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

Func<string, string?> env = Environment.GetEnvironmentVariable;
var talk = Terminal.Stderr(env);
var output = new Output(Terminal.Stdout(env), talk);
var prompt = new Prompt(talk, () => Console.In, person: !Console.IsInputRedirected);
using var interrupts = new Interrupts();
try
{
    var root = CommandTree.Make(
        new CliHost(output, prompt, env, TimeProvider.System, Environment.GetEnvironmentVariables().Keys.Cast<string>())
    );
    // Arguments that begin with @ are not response files.
    var line = root.Parse(EmptyValues.Split(args), new ParserConfiguration { ResponseFileTokenReplacer = null });
    if (UsageErrors.Has(line, args))
        return UsageErrors.Show(line, args, output);

    var settings = new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
    };
    var exitCode = await line.InvokeAsync(settings, interrupts.Token);
    return exitCode == ExitCodes.Interrupted ? interrupts.ExitCode : exitCode;
}
catch (OutputClosedException)
{
    return ExitCodes.OutputClosed;
}
catch (Exception e)
{
    // Bugs: a short message for users, and a stack trace on request.
    output.Error(
        new Failure($"unexpected error: {e.Message}", ExitCodes.Unexpected)
        {
            Tips = env("MESH_DEBUG") is null ? ["run it again with MESH_DEBUG=1 for a stack trace"] : [],
        }
    );
    if (env("MESH_DEBUG") is not null)
        Console.Error.WriteLine(e);
    return ExitCodes.Unexpected;
}
