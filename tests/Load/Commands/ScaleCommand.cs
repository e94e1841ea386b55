using System.CommandLine;
using Coder.Mesh.Load.Scale;

namespace Coder.Mesh.Load.Commands;

internal static class ScaleCommand
{
    public static Command Create(TimeProvider time)
    {
        var controlPlane = ProductOption.Create();
        var providers = CommonOptions.Number(
            "--providers",
            "Providers in the store.",
            10_000,
            Limits.MaxScaleProviders,
            Limits.MinScaleProviders
        );
        var workspaces = CommonOptions.Number(
            "--workspaces",
            "Unfinished workspaces in the store; a fifth as many that have ended come on top.",
            100_000,
            Limits.MaxScaleWorkspaces,
            Limits.MinScaleWorkspaces
        );
        var calls = CommonOptions.Number("--calls", "Calls of each kind.", 200, 10_000);
        var plans = new Option<FileInfo?>("--plans")
        {
            Description = "Write the plans of all statements behind the calls to this file.",
        };
        var output = CommonOptions.OutputOption();
        var command = new Command("scale", "Fill a store, and measure lists, filters, history and placement on it.")
        {
            controlPlane,
            providers,
            workspaces,
            calls,
            plans,
            output,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var options = new ScaleOptions
                {
                    ControlPlane = ProductOption.Executable(parsed.GetRequiredValue(controlPlane)),
                    Layout = new Layout(parsed.GetValue(providers), parsed.GetValue(workspaces)),
                    Calls = parsed.GetValue(calls),
                    Plans = parsed.GetValue(plans)?.FullName,
                };
                var result = await new ScaleRun(options, time, Console.Error.WriteLine).Run(ct);
                await Console.Out.WriteLineAsync(
                    parsed.GetValue(output) == OutputFormat.Json ? LoadJson.Document(result) : result.Format()
                );
                return result is { Complete: true, WithinBudget: true } ? ExitCodes.Success : ExitCodes.Incomplete;
            }
        );
        return command;
    }
}
