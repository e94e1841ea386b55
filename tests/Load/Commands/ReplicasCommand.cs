using System.CommandLine;
using Coder.Mesh.Load.Replicas;

namespace Coder.Mesh.Load.Commands;

internal static class ReplicasCommand
{
    private const int MaxCreates = 10_000;

    public static Command Create(TimeProvider time)
    {
        var controlPlane = ProductOption.Create();
        var agents = CommonOptions.Number("--agents", "Agents, half of them at each replica.", 600, Limits.MaxAgents);
        var creates = CommonOptions.Number("--creates", "Workspaces created one after the other.", 500, MaxCreates);
        var without = CommonOptions.Number(
            "--creates-without-notify",
            "The same while no NOTIFY arrives; each takes up to a second.",
            30,
            MaxCreates
        );
        var output = CommonOptions.OutputOption();
        var command = new Command(
            "replicas",
            "Measure how soon a change made at one of two replicas reaches an agent of the other, and how soon agents of a killed one are back."
        )
        {
            controlPlane,
            agents,
            creates,
            without,
            output,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var options = new ReplicasOptions
                {
                    ControlPlane = ProductOption.Executable(parsed.GetRequiredValue(controlPlane)),
                    Agents = parsed.GetValue(agents),
                    Creates = parsed.GetValue(creates),
                    CreatesWithoutNotify = parsed.GetValue(without),
                };
                var result = await new ReplicasRun(options, time, Console.Error.WriteLine).Run(ct);
                await Console.Out.WriteLineAsync(
                    parsed.GetValue(output) == OutputFormat.Json ? LoadJson.Document(result) : result.Table()
                );
                return result is { Complete: true, WithinBudget: true } ? ExitCodes.Success : ExitCodes.Incomplete;
            }
        );
        return command;
    }
}
