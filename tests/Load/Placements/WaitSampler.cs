using Npgsql;

namespace Coder.Mesh.Load.Placements;

/// <summary>Where connections with work at hand stood, on average over all samples.</summary>
/// <param name="Running">On a processor, or waiting for one.</param>
/// <param name="AdvisoryLock">Waiting for an advisory lock.</param>
/// <param name="OtherLock">Waiting for another lock of a table, row or transaction.</param>
/// <param name="Internal">Waiting for another connection inside PostgreSQL: for a page, a slot of the log's buffer, the
/// end of a flush.</param>
/// <param name="Disk">Waiting for the disk: above all for the log's flush.</param>
/// <param name="Client">In an open transaction, waiting for the client's next statement.</param>
/// <param name="MostAdvisory">The most that waited for an advisory lock at once.</param>
/// <param name="Samples">How often was looked.</param>
internal sealed record WaitFigures(
    double Running,
    double AdvisoryLock,
    double OtherLock,
    double Internal,
    double Disk,
    double Client,
    int MostAdvisory,
    int Samples
);

/// <summary>Asks PostgreSQL over and over what an application's connections wait for.</summary>
internal sealed class WaitSampler(NpgsqlDataSource database, string application, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);

    // pg_locks says who waits at this moment, pg_stat_activity where everybody stands.
    private const string Sql = """
        select
            count(*) filter (where state = 'active' and wait_event_type is null),
            count(*) filter (where l.pid is not null),
            count(*) filter (where wait_event_type = 'Lock' and l.pid is null),
            count(*) filter (where wait_event_type in ('LWLock', 'BufferPin', 'IPC', 'Timeout')),
            count(*) filter (where wait_event_type = 'IO'),
            count(*) filter (where state = 'idle in transaction')
        from pg_stat_activity a
        left join (select distinct pid from pg_locks where locktype = 'advisory' and not granted) l on l.pid = a.pid
        where application_name = $1 and state <> 'idle'
        """;

    private readonly long[] _sums = new long[6];
    private int _most;
    private int _samples;

    public WaitFigures Read()
    {
        double Mean(int column) => _samples == 0 ? 0 : _sums[column] / (double)_samples;
        return new WaitFigures(Mean(0), Mean(1), Mean(2), Mean(3), Mean(4), Mean(5), _most, _samples);
    }

    /// <summary>Until cancelled.</summary>
    public async Task Run(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.AddWithValue(application);
        await command.PrepareAsync(ct);
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            await using var rows = await command.ExecuteReaderAsync(ct);
            await rows.ReadAsync(ct);
            for (var i = 0; i < _sums.Length; i++)
                _sums[i] += rows.GetInt64(i);
            _most = Math.Max(_most, (int)rows.GetInt64(1));
            _samples++;
        }
    }
}
