using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Commands;

/// <summary>What a command removes or changes irrevocably.</summary>
internal sealed record Loss(string Message, params string[] Details);

/// <summary>Asks the user to confirm what cannot be undone. Without a confirmation, the command ends.</summary>
internal static class Confirmation
{
    /// <summary>Shows what will be removed, and asks for a confirmation unless --yes was given.</summary>
    /// <param name="loss">The whole sentence.</param>
    public static Task Removal(Output output, Prompt prompt, bool given, string loss, CancellationToken ct) =>
        Yes(output, prompt, given, new Loss(loss, "this cannot be undone"), "Remove?", ct);

    /// <inheritdoc cref="Yes(Output, Prompt, bool, Loss, string, CancellationToken)"/>
    public static Task Yes(Invocation run, bool given, Loss loss, string question, CancellationToken ct) =>
        Yes(run.Output, run.Prompt, given, loss, question, ct);

    /// <summary>
    /// Shows what will be lost, and asks for a confirmation. Shows nothing if --yes was given, since the control plane
    /// may refuse the request.
    /// </summary>
    private static async Task Yes(
        Output output,
        Prompt prompt,
        bool given,
        Loss loss,
        string question,
        CancellationToken ct
    )
    {
        if (given)
            return;
        output.Warning(loss.Message, loss.Details);
        if (!prompt.Possible)
            throw NoTerminal(YesOption.Name);
        var answer = await prompt.Ask($"{question} [y/N]", ct);
        if (answer?.Trim().ToUpperInvariant() is not ("Y" or "YES"))
            throw NotConfirmed("the answer was not yes");
    }

    /// <summary>Shows what will be lost, and asks for the name unless --confirm was given.</summary>
    public static async Task Name(Invocation run, string name, string? given, Loss loss, CancellationToken ct)
    {
        if (given is null)
            run.Output.Warning(loss.Message, loss.Details);
        if (given is null && !run.Prompt.Possible)
            throw NoTerminal($"--confirm {Shell.Quote(name)}");
        var answer = given ?? await run.Prompt.Ask($"Type the name of the provider ({name}) to continue:", ct);
        if (answer?.Trim() != name)
            throw NotConfirmed($"the name is \"{name}\", not \"{answer?.Trim()}\"");
    }

    private static CliException NoTerminal(string option) =>
        new(
            new Failure("confirmation is required, but there is no terminal", ExitCodes.Usage)
            {
                Tips = [$"nothing was changed; to confirm without a terminal, add {option}"],
            }
        );

    private static CliException NotConfirmed(string why) =>
        new(
            new Failure("not confirmed", ExitCodes.Usage)
            {
                Details = [$"cause: {why}"],
                Tips = ["nothing was changed"],
            }
        );
}
