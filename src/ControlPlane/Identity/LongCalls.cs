using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>
/// Ends long-running calls, such as watches, when their token is revoked. While there are such calls, one query per
/// second checks all of their tokens, so that a revocation reaches every replica without notifications.
/// </summary>
internal sealed class LongCalls(StoreSessions sessions, TimeProvider time, ILogger<LongCalls> logger)
    : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Held> _tokens = [];
    private readonly AsyncAutoResetEvent _begun = new();

    private sealed class Held
    {
        public CancellationTokenSource Revoked { get; } = new();

        public int Calls { get; set; }
    }

    /// <summary>Registers a long-running call until it is disposed of.</summary>
    /// <param name="recordId">Id of the record of its token.</param>
    public LongCall Begin(string recordId)
    {
        lock (_lock)
        {
            if (!_tokens.TryGetValue(recordId, out var held))
                _tokens.Add(recordId, held = new Held());
            held.Calls++;
            _begun.Set();
            return new LongCall(() => End(recordId, held), held.Revoked.Token);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await _begun.Wait(stoppingToken);
                while (Current() is { Length: > 0 } tokens)
                {
                    await Check(tokens, stoppingToken);
                    await Task.Delay(Interval, time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task Check(string[] tokens, CancellationToken ct)
    {
        try
        {
            await using var session = sessions.Read();
            var live = (await session.LoadManyAsync<TokenRecord>(ct, tokens)).Select(t => t.Id).ToHashSet();
            foreach (var gone in tokens.Where(t => !live.Contains(t)))
                await Revoke(gone);
        }
        catch (Exception e) when (StoreFailure.IsUnavailable(e))
        {
            // The state of the tokens is unknown, so the calls go on. They are checked again in a second.
            logger.TokensNotChecked(tokens.Length, e.Message);
        }
    }

    private string[] Current()
    {
        lock (_lock)
            return [.. _tokens.Keys];
    }

    private async Task Revoke(string recordId)
    {
        Held? held;
        lock (_lock)
            if (!_tokens.Remove(recordId, out held))
                return;
        logger.CallsEnded(held.Calls);
        await held.Revoked.CancelAsync();
    }

    private void End(string recordId, Held held)
    {
        lock (_lock)
        {
            held.Calls--;
            if (held.Calls == 0 && _tokens.GetValueOrDefault(recordId) == held)
                _tokens.Remove(recordId);
        }
    }
}

/// <summary>A registered long-running call.</summary>
internal sealed class LongCall(Action end, CancellationToken revoked) : IDisposable
{
    /// <summary>Cancelled when the call's token is revoked.</summary>
    public CancellationToken Revoked => revoked;

    public void Dispose() => end();
}
