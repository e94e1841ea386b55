using System.CommandLine;
using Coder.Mesh.Load.Storm;

namespace Coder.Mesh.Load.Commands;

internal static class StormCommand
{
    private const int MaxBesideLoad = 64;

    public static Command Create(TimeProvider time)
    {
        var controlPlane = ProductOption.Create();
        var agents = CommonOptions.Number(
            "--count",
            "Agents, each with a provider of its own.",
            1_000,
            Limits.MaxAgents
        );
        var rounds = CommonOptions.Number("--rounds", "How often each server is measured.", 1, Limits.MaxRounds);
        var ramp = CommonOptions.Number(
            "--ramp",
            "Agents that dial per second at first; 0 for all at once.",
            500,
            Limits.MaxRampPerSecond,
            min: 0
        );
        var beside = CommonOptions.Number(
            "--beside-load",
            "Processes that each use one processor meanwhile.",
            0,
            MaxBesideLoad,
            min: 0
        );
        var output = CommonOptions.OutputOption();
        var command = new Command(
            "storm",
            "Kill a control plane with many agents, start it again, and measure how they return, beside the bare server."
        )
        {
            controlPlane,
            agents,
            rounds,
            ramp,
            beside,
            output,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var options = new StormOptions
                {
                    ControlPlane = ProductOption.Executable(parsed.GetRequiredValue(controlPlane)),
                    Agents = parsed.GetValue(agents),
                    Rounds = parsed.GetValue(rounds),
                    Ramp = parsed.GetValue(ramp),
                    BesideLoad = parsed.GetValue(beside),
                };
                var result = await new StormRun(options, time, Console.Error.WriteLine).Run(ct);
                await Console.Out.WriteLineAsync(
                    parsed.GetValue(output) == OutputFormat.Json ? LoadJson.Document(result) : result.Table()
                );
                return result is { Complete: true, WithinBudget: true } ? ExitCodes.Success : ExitCodes.Incomplete;
            }
        );
        return command;
    }
}
