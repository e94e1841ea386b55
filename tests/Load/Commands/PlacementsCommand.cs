using System.CommandLine;
using Coder.Mesh.Load.Placements;

namespace Coder.Mesh.Load.Commands;

internal static class PlacementsCommand
{
    public static Command Create(TimeProvider time)
    {
        var controlPlane = ProductOption.Create();
        var callers = CommonOptions.Number(
            "--callers",
            "Callers at once, each waiting for its answer.",
            16,
            Limits.MaxCallers
        );
        var rounds = CommonOptions.Number("--rounds", "How often each kind is measured.", 2, Limits.MaxRounds);
        var duration = Durations.Option(
            "--duration",
            "The measured window of each kind.",
            TimeSpan.FromSeconds(20),
            Limits.MinDuration,
            Limits.MaxSlice
        );
        var output = CommonOptions.OutputOption();
        var command = new Command(
            "placements",
            "Measure how many workspaces are placed per second, beside bare appends on the same PostgreSQL."
        )
        {
            controlPlane,
            callers,
            duration,
            rounds,
            output,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var options = new PlacementOptions
                {
                    ControlPlane = ProductOption.Executable(parsed.GetRequiredValue(controlPlane)),
                    Callers = parsed.GetValue(callers),
                    Duration = parsed.GetValue(duration),
                    Rounds = parsed.GetValue(rounds),
                };
                var result = await new PlacementRun(options, time, Console.Error.WriteLine).Run(ct);
                await Console.Out.WriteLineAsync(
                    parsed.GetValue(output) == OutputFormat.Json
                        ? LoadJson.Document(result)
                        : PlacementTable.Format(result)
                );
                return result is { Complete: true, WithinBudget: true } ? ExitCodes.Success : ExitCodes.Incomplete;
            }
        );
        return command;
    }
}
