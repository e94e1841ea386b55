using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Commands;

/// <summary>What a command takes away, or changes for good.</summary>
internal sealed record Loss(string Message, params string[] Details);

/// <summary>Has a person confirm what can't be undone. Who doesn't ends the command, before anything is changed.</summary>
internal static class Confirmation
{
    /// <summary>Says what will be lost, and asks whether to remove it, unless a yes was given with the command.</summary>
    /// <param name="loss">The whole sentence.</param>
    public static Task Removal(Output output, Prompt prompt, bool given, string loss, CancellationToken ct) =>
        Yes(output, prompt, given, new Loss(loss, "this can't be undone"), "Remove?", ct);

    /// <inheritdoc cref="Yes(Output, Prompt, bool, Loss, string, CancellationToken)"/>
    public static Task Yes(Invocation run, bool given, Loss loss, string question, CancellationToken ct) =>
        Yes(run.Output, run.Prompt, given, loss, question, ct);

    /// <summary>
    /// Says what will be lost and asks for a yes. Where it was given with the command nothing is said: the control plane may
    /// refuse what a warning would announce.
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
            throw NobodyToAsk(YesOption.Name);
        var answer = await prompt.Ask($"{question} [y/N]", ct);
        if (answer?.Trim().ToUpperInvariant() is not ("Y" or "YES"))
            throw NotConfirmed("the answer was not yes");
    }

    /// <summary>Says what will be lost and asks for a name, unless it was given with the command.</summary>
    public static async Task Name(Invocation run, string name, string? given, Loss loss, CancellationToken ct)
    {
        if (given is null)
            run.Output.Warning(loss.Message, loss.Details);
        if (given is null && !run.Prompt.Possible)
            throw NobodyToAsk($"--confirm {Shell.Quote(name)}");
        var answer = given ?? await run.Prompt.Ask($"Type the name of the provider, {name}, to go on:", ct);
        if (answer?.Trim() != name)
            throw NotConfirmed($"the name is \"{name}\", not \"{answer?.Trim()}\"");
    }

    private static CliException NobodyToAsk(string option) =>
        new(
            new Failure("this has to be confirmed, and there is no terminal to ask on", ExitCodes.Usage)
            {
                Tips = [$"nothing was changed; confirm it with {option}"],
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
