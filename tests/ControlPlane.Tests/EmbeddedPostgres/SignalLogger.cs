using Microsoft.Extensions.Logging;

namespace Coder.Mesh.ControlPlane.Tests.EmbeddedPostgres;

/// <summary>Lets a test wait for a thing that is only logged. Arm before the trigger.</summary>
internal sealed class SignalLogger : ILogger
{
    private readonly Lock _lock = new();
    private readonly List<(int Id, string Message)> _entries = [];
    private readonly List<(int Id, TaskCompletionSource<string> Seen)> _waiting = [];

    public IReadOnlyList<string> Messages(int id)
    {
        lock (_lock)
            return [.. _entries.Where(e => e.Id == id).Select(e => e.Message)];
    }

    /// <summary>Completes with the next message of that event.</summary>
    public Task<string> Next(int id)
    {
        var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
            _waiting.Add((id, seen));
        return seen.Task;
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        var message = formatter(state, exception);
        lock (_lock)
        {
            _entries.Add((eventId.Id, message));
            foreach (var (_, seen) in _waiting.Where(w => w.Id == eventId.Id))
                seen.TrySetResult(message);
            _waiting.RemoveAll(w => w.Id == eventId.Id);
        }
    }
}
