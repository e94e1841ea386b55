using Coder.Mesh.Load.Proc;

namespace Coder.Mesh.Load.Compare;

/// <summary>A server that runs in a process of its own and is measured.</summary>
/// <param name="Process">Stopped with this.</param>
/// <param name="Address">Where agents dial.</param>
/// <param name="DataFolder">Where its PostgreSQL keeps its data, if it has one.</param>
/// <param name="Time">Bounds the stop.</param>
internal sealed record ServerUnderTest(ChildProcess Process, Uri Address, string? DataFolder, TimeProvider Time)
    : IAsyncDisposable
{
    /// <summary>Both servers run with the same collector, whatever the environment of the caller says.</summary>
    public static readonly IReadOnlyDictionary<string, string?> SameCollector = new Dictionary<string, string?>
    {
        ["DOTNET_gcServer"] = "0",
    };

    /// <param name="name">For messages.</param>
    /// <param name="time">Bounds the stop.</param>
    /// <param name="ct">Stops the start.</param>
    /// <param name="port">0 takes a free one.</param>
    public static async Task<ServerUnderTest> StartFloor(
        string name,
        TimeProvider time,
        CancellationToken ct,
        int port = 0
    )
    {
        var command = OwnExecutable.Command("floor", "--port", $"{port}", "--until-input-ends");
        var process = ChildProcess.Start(name, command, SameCollector, readsOutput: true, time);
        try
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
            late.CancelAfter(Limits.Start);
            var line = await process.ReadLine(late.Token);
            return Uri.TryCreate(line, UriKind.Absolute, out var address)
                ? new ServerUnderTest(process, address, DataFolder: null, time)
                : throw process.Failed("said no address");
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public PostgresSample? Postgres() => DataFolder is null ? null : PostgresSample.Read(DataFolder);

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        if (DataFolder is not null && PostgresSample.Postmaster(DataFolder) is { } left)
            await ChildProcess.StopPostmaster(left, Time);
    }
}
