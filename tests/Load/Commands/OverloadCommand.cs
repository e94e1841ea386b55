using System.CommandLine;
using Coder.Mesh.Load.Overload;

namespace Coder.Mesh.Load.Commands;

internal static class OverloadCommand
{
    public static Command Create(TimeProvider time)
    {
        var controlPlane = ProductOption.Create();
        var calls = CommonOptions.Number("--calls", "Calls that are under way at any time.", 2_000, 10_000);
        var callers = CommonOptions.Number("--callers", "Tokens that they share.", 4, 100);
        var watches = CommonOptions.Number("--watches", "Watches that are opened at once.", 2_100, 10_000);
        var agents = CommonOptions.Number("--agents", "Agents that are attached.", 300, Limits.MaxAgents);
        var strangers = CommonOptions.Number("--strangers", "Calls with unknown tokens, per second.", 600, 1_000);
        var duration = Durations.Option(
            "--duration",
            "How long calls are made.",
            TimeSpan.FromSeconds(30),
            Limits.MinDuration,
            Limits.MaxDuration
        );
        var output = CommonOptions.OutputOption();
        var command = new Command(
            "overload",
            "Measure what callers, watches and agents get from a control plane that has more of them than it takes."
        )
        {
            controlPlane,
            calls,
            callers,
            watches,
            agents,
            strangers,
            duration,
            output,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var options = new OverloadOptions
                {
                    ControlPlane = ProductOption.Executable(parsed.GetRequiredValue(controlPlane)),
                    Calls = parsed.GetValue(calls),
                    Callers = parsed.GetValue(callers),
                    Watches = parsed.GetValue(watches),
                    Agents = parsed.GetValue(agents),
                    Strangers = parsed.GetValue(strangers),
                    Duration = parsed.GetValue(duration),
                };
                var result = await new OverloadRun(options, time, Console.Error.WriteLine).Run(ct);
                await Console.Out.WriteLineAsync(
                    parsed.GetValue(output) == OutputFormat.Json ? LoadJson.Document(result) : result.Table()
                );
                return result.Problems.Count == 0 ? ExitCodes.Success : ExitCodes.Incomplete;
            }
        );
        return command;
    }
}
