using System.CommandLine;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Compare;

namespace Coder.Mesh.Load.Commands;

internal static class CompareCommand
{
    public static Command Create(TimeProvider time)
    {
        var controlPlane = new Option<string?>("--control-plane")
        {
            Description = "The executable mesh-control-plane that is compared with the floor.",
        };
        var selfCheck = new Option<bool>("--self-check")
        {
            Description = "Compare the floor with itself: ratios away from 1 are the noise of this machine.",
        };
        var rounds = CommonOptions.Number(
            "--rounds",
            "How often each server is measured, in turn.",
            2,
            Limits.MaxRounds
        );
        var common = new CommonOptions();
        var command = new Command("compare", "Measure the control plane beside the floor, in turn, and print both.")
        {
            controlPlane,
            selfCheck,
            rounds,
        };
        common.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(controlPlane) is null != result.GetValue(selfCheck))
                result.AddError("compare: give either --control-plane PATH or --self-check.");
        });
        command.SetAction(
            async (parsed, ct) =>
            {
                var options = new ComparisonOptions
                {
                    ControlPlane = parsed.GetValue(controlPlane) is { } path ? ProductOption.Executable(path) : null,
                    Count = parsed.GetValue(common.Count),
                    Rounds = parsed.GetValue(rounds),
                    // Each server has its own address, known once it runs.
                    Crowd = common.Crowd(parsed, new Uri("http://127.0.0.1")),
                };
                return await Run(options, parsed.GetValue(common.Output), time, ct);
            }
        );
        return command;
    }

    private static async Task<int> Run(
        ComparisonOptions options,
        OutputFormat output,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var result = await new Comparison(options, time, Console.Error.WriteLine).Run(ct);
        await Console.Out.WriteLineAsync(
            output == OutputFormat.Json ? LoadJson.Document(result) : ComparisonTable.Format(result)
        );
        return result.Complete ? ExitCodes.Success : ExitCodes.Incomplete;
    }
}
