using System.CommandLine;
using Coder.Mesh.Load.Watches;

namespace Coder.Mesh.Load.Commands;

internal static class WatchesCommand
{
    private const int Most = 1_500;

    public static Command Create(TimeProvider time)
    {
        var controlPlane = ProductOption.Create();
        var watches = CommonOptions.Number(
            "--watches",
            "Watches of one workspace each, beside one of all.",
            1_000,
            Most
        );
        var workspaces = CommonOptions.Number("--workspaces", "Workspaces that are changed.", 200, 10_000);
        var changes = CommonOptions.Number("--changes", "Changes per second.", 200, 5_000);
        var duration = Durations.Option(
            "--duration",
            "How long they are changed.",
            TimeSpan.FromSeconds(30),
            Limits.MinDuration,
            Limits.MaxDuration
        );
        var warmUp = Durations.Option(
            "--warm-up",
            "How long they are changed before any is measured.",
            TimeSpan.FromSeconds(30),
            Limits.MinDuration,
            Limits.MaxDuration
        );
        var afterRestart = Durations.Option(
            "--after-restart",
            "How long they are changed once the control plane was killed and answers again.",
            TimeSpan.FromSeconds(30),
            Limits.MinDuration,
            Limits.MaxDuration
        );
        var output = CommonOptions.OutputOption();
        var command = new Command(
            "watches",
            "Measure how soon watches tell a change, with many watches and with changes that meet others of the same workspace."
        )
        {
            controlPlane,
            watches,
            workspaces,
            changes,
            duration,
            warmUp,
            afterRestart,
            output,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var options = new WatchOptions
                {
                    ControlPlane = ProductOption.Executable(parsed.GetRequiredValue(controlPlane)),
                    Watches = parsed.GetValue(watches),
                    Workspaces = parsed.GetValue(workspaces),
                    Changes = parsed.GetValue(changes),
                    Duration = parsed.GetValue(duration),
                    WarmUp = parsed.GetValue(warmUp),
                    AfterRestart = parsed.GetValue(afterRestart),
                };
                var result = await new WatchRun(options, time, Console.Error.WriteLine).Run(ct);
                await Console.Out.WriteLineAsync(
                    parsed.GetValue(output) == OutputFormat.Json ? LoadJson.Document(result) : result.Table()
                );
                return result is { Complete: true, WithinBudget: true } ? ExitCodes.Success : ExitCodes.Incomplete;
            }
        );
        return command;
    }
}
