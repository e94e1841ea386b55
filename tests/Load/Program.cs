using System.CommandLine;
using Coder.Mesh.Load;
using Coder.Mesh.Load.Commands;

var root = new RootCommand(
    "Measures a control plane: memory and CPU with many agents, placements, calls on a large store, two replicas, agents that return after a kill, watches, too many calls, and commands of mesh."
)
{
    FloorCommand.Create(),
    AgentsCommand.Create(TimeProvider.System),
    CompareCommand.Create(TimeProvider.System),
    PlacementsCommand.Create(TimeProvider.System),
    ReplicasCommand.Create(TimeProvider.System),
    ScaleCommand.Create(TimeProvider.System),
    StormCommand.Create(TimeProvider.System),
    WatchesCommand.Create(TimeProvider.System),
    OverloadCommand.Create(TimeProvider.System),
    CliCommand.Create(TimeProvider.System),
};

try
{
    if (!OperatingSystem.IsLinux())
        throw new LoadException("runs on Linux only: it measures by /proc.");
    var parsed = root.Parse(args);
    var code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    return parsed.Errors.Count > 0 ? ExitCodes.Refused : code;
}
catch (LoadException e)
{
    Console.Error.WriteLine($"mesh-load: {e.Message}");
    return ExitCodes.Refused;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("mesh-load: stopped before the measurement was complete; there is no result.");
    return ExitCodes.Interrupted;
}
