using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Load.Agents;

namespace Coder.Mesh.Load.Commands;

internal static class AgentsCommand
{
    public static Command Create(TimeProvider time)
    {
        var target = new Option<string>("--target")
        {
            Description = "The server's gRPC address, on loopback, such as http://127.0.0.1:8081.",
            Required = true,
        };
        var tokens = new Option<FileInfo?>("--tokens", "--token-file")
        {
            Description =
                "File with a provider token per line; without it the agents make theirs up, which a floor accepts.",
        };
        var common = new CommonOptions();
        var command = new Command("agents", "Run only the simulated agents, against a server that is already there.")
        {
            target,
            tokens,
        };
        common.AddTo(command);
        command.SetAction(
            async (parsed, ct) =>
            {
                var options = common.Crowd(parsed, CrowdOptions.LoopbackTarget(parsed.GetRequiredValue(target)));
                var count = parsed.GetValue(common.Count);
                OpenFiles.Require(count);
                var identities = parsed.GetValue(tokens) is { } file
                    ? await AgentIdentity.Read(file.FullName, count, ct)
                    : AgentIdentity.MadeUp(count);
                return await Run(new AgentCrowd(identities, options, time), count, parsed.GetValue(common.Output), ct);
            }
        );
        return command;
    }

    private static async Task<int> Run(AgentCrowd crowd, int count, OutputFormat output, CancellationToken ct)
    {
        var complete = false;
        CrowdEvent? opened = null;
        await crowd.Run(
            async e =>
            {
                await Console.Out.WriteLineAsync(output == OutputFormat.Json ? LoadJson.Line(e) : Describe(e, opened));
                await Console.Out.FlushAsync(ct);
                opened = e.Phase == CrowdPhase.WindowOpened ? e : opened;
                complete = e.Counts.Attached == count && e.Counts.EndedEarly.Count == 0;
            },
            ct
        );
        return complete ? ExitCodes.Success : ExitCodes.Incomplete;
    }

    private static string Describe(CrowdEvent e, CrowdEvent? opened)
    {
        var ended = string.Join(", ", e.Counts.EndedEarly.Select(end => $"{end.Value} × {end.Key}"));
        var answered =
            e.Phase == CrowdPhase.WindowClosed && opened is not null
                ? (e.Counts.HeartbeatsAnswered - opened.Counts.HeartbeatsAnswered) / (e.Seconds - opened.Seconds)
                : (double?)null;
        return string.Create(
                CultureInfo.InvariantCulture,
                $"{e.Seconds, 7:0.0}s  {e.Phase, -12}  attached {e.Counts.Attached}, connections {e.Counts.Dialled}"
            )
            + (
                answered is { } rate
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $", heartbeats answered {rate:0.0}/s of {e.Counts.ExpectedPerSecond:0.0}/s"
                    )
                    : ""
            )
            + (ended.Length > 0 ? $", ended early: {ended}" : "");
    }
}
