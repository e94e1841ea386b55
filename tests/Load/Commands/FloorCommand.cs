using System.CommandLine;
using Coder.Mesh.Load.Floor;

namespace Coder.Mesh.Load.Commands;

internal static class FloorCommand
{
    public static Command Create()
    {
        var port = CommonOptions.Number("--port", "Loopback port; 0 takes a free one.", 0, 65_535, min: 0);
        var untilInputEnds = new Option<bool>("--until-input-ends")
        {
            Description = "Stop when standard input is closed, so that no server outlives who started it.",
        };
        var command = new Command(
            "floor",
            "Run the bare Grpc.AspNetCore stream server that the product is compared with."
        )
        {
            port,
            untilInputEnds,
        };
        command.SetAction((parsed, ct) => Run(parsed.GetValue(port), parsed.GetValue(untilInputEnds), ct));
        return command;
    }

    private static async Task<int> Run(int port, bool untilInputEnds, CancellationToken ct)
    {
        await using var server = await FloorServer.Start(port, ct);
        await Console.Out.WriteLineAsync(server.Address.ToString());
        await Console.Out.FlushAsync(ct);
        try
        {
            if (untilInputEnds)
                await Console.OpenStandardInput().CopyToAsync(Stream.Null, ct);
            else
                await Task.Delay(Timeout.Infinite, ct);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C and SIGTERM are how a server ends.
        }
        return ExitCodes.Success;
    }
}
