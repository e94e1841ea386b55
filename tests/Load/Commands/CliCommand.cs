using System.CommandLine;
using Coder.Mesh.Load.Cli;

namespace Coder.Mesh.Load.Commands;

internal static class CliCommand
{
    public static Command Create(TimeProvider time)
    {
        var controlPlane = ProductOption.Create();
        var mesh = new Option<string>("--mesh")
        {
            Description = "The executable mesh that is measured.",
            Required = true,
        };
        var baseline = new Option<string?>("--baseline") { Description = "The executable mesh of another version." };
        var runs = CommonOptions.Number("--runs", "Runs of each command.", 20, 1_000);
        var output = CommonOptions.OutputOption();
        var command = new Command("cli", "Run commands of mesh, and measure the CPU time and the time that each takes.")
        {
            controlPlane,
            mesh,
            baseline,
            runs,
            output,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var options = new CliOptions(
                    ProductOption.Executable(parsed.GetRequiredValue(controlPlane)),
                    ProductOption.Executable(parsed.GetRequiredValue(mesh)),
                    parsed.GetValue(baseline) is { } other ? ProductOption.Executable(other) : null,
                    parsed.GetValue(runs)
                );
                var result = await new CliRun(options, time, Console.Error.WriteLine).Run(ct);
                await Console.Out.WriteLineAsync(
                    parsed.GetValue(output) == OutputFormat.Json ? LoadJson.Document(result) : result.Format()
                );
                return result.WithinBudget ? ExitCodes.Success : ExitCodes.Incomplete;
            }
        );
        return command;
    }
}
