using System.Diagnostics.Metrics;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>
/// Numbers of providers by status and of unfinished workspaces by state. Counted in the database at intervals, not at
/// scrapes, by each replica for the whole deployment: the numbers of several replicas must not be added.
/// </summary>
internal sealed class FleetMetrics : BackgroundService
{
    /// <summary>Maximum age of the numbers while the database is available.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Age from which numbers are not reported any more.</summary>
    public static readonly TimeSpan MaxAge = 4 * Interval;

    private const string Sql = $"""
        select 'provider', data ->> 'Status', count(*) from {Tables.Presences}
        where not (data ->> 'Ended')::boolean group by 2
        union all
        select 'workspace', data ->> 'State', count(*) from {Tables.Workspaces}
        where {Indexes.Unfinished} group by 2
        """;

    private static readonly string[] Statuses = Enum.GetNames<ProviderStatus>();

    private static readonly string[] States =
    [
        .. Enum.GetValues<ObservedState>()
            .Where(s => s is not (ObservedState.Deleted or ObservedState.Lost))
            .Select(s => s.ToString()),
    ];

    private readonly NpgsqlDataSource _database;
    private readonly TimeProvider _time;
    private readonly PeriodicTimer _timer;
    private Counts? _counts;

    public FleetMetrics(IMeterFactory meters, NpgsqlDataSource database, TimeProvider time)
    {
        (_database, _time, _timer) = (database, time, new PeriodicTimer(Interval, time));
        var meter = meters.Create(Meters.Name);
        meter.CreateObservableGauge(
            "mesh.providers",
            () => Measure("provider", "mesh.provider.status", Statuses),
            "{provider}",
            "Providers of the whole deployment, by status"
        );
        meter.CreateObservableGauge(
            "mesh.workspaces",
            () => Measure("workspace", "mesh.workspace.state", States),
            "{workspace}",
            "Unfinished workspaces of the whole deployment, by state"
        );
    }

    private sealed record Counts(long TakenAt, IReadOnlyDictionary<(string Kind, string State), long> Numbers);

    /// <summary>Counts once. Public for tests.</summary>
    public async Task Count(CancellationToken ct)
    {
        var numbers = new Dictionary<(string, string), long>();
        await using var command = _database.CreateCommand(Sql);
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            numbers[(rows.GetString(0), rows.GetString(1))] = rows.GetInt64(2);
        Take(numbers);
    }

    /// <summary>Sets the reported numbers. Public for tests.</summary>
    public void Take(IReadOnlyDictionary<(string Kind, string State), long> numbers) =>
        Volatile.Write(ref _counts, new Counts(_time.GetTimestamp(), numbers));

    public override void Dispose()
    {
        _timer.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            do
            {
                try
                {
                    await Count(stoppingToken);
                }
                catch (Exception e) when (StoreFailure.IsUnavailable(e))
                {
                    // Repeated in the next round. The lease reports the outage.
                }
            } while (await _timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    /// <returns>All states, including those with the number 0.</returns>
    private IEnumerable<Measurement<long>> Measure(string kind, string tag, string[] states) =>
        Volatile.Read(ref _counts) is { } counts && _time.GetElapsedTime(counts.TakenAt) <= MaxAge
            ? states.Select(state => new Measurement<long>(
                counts.Numbers.GetValueOrDefault((kind, state)),
                new KeyValuePair<string, object?>(tag, state.ToLowerInvariant())
            ))
            : [];
}
