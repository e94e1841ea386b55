using System.Threading.Channels;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Agent.Connection;

/// <summary>
/// Frames of a session that wait to be sent: control frames in order, in a bounded channel whose writers wait; and the
/// ids of workspaces with new reports, each at most once. Memory is therefore bounded by the number of workspaces and
/// not of changes.
/// </summary>
internal sealed class ReportQueue(Reconciler reconciler, Limits? limits, ILogger logger) : IReportQueue
{
    private const int DefaultPart = 500;

    // Below gRPC's default limit.
    private const int DefaultFrameBytes = 1024 * 1024;

    private readonly Channel<ConnectRequest> _control = Channel.CreateBounded<ConnectRequest>(
        new BoundedChannelOptions(64) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait }
    );

    // Signals: several pending ones count as one.
    private readonly Channel<bool> _work = Wakeup();
    private readonly Channel<bool> _snapshotAsked = Wakeup();

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SentReport> _sent = [];
    private HashSet<string> _dirty = [];
    private bool _snapshotDue;
    private bool _open;

    // Used by the writer only. Content and version of a report are decided in one place, so that a newer version never
    // has older content.
    private ulong _version;

    private sealed record SentReport(WorkspaceReport Report, ulong Version, bool Acknowledged);

    public async ValueTask Send(ConnectRequest frame, CancellationToken ct)
    {
        await _control.Writer.WriteAsync(frame, ct);
        _work.Writer.TryWrite(true);
    }

    /// <summary>Records that the report of a workspace may have changed.</summary>
    public void Changed(string id)
    {
        lock (_lock)
        {
            // Changes before the first snapshot are part of it.
            if (!_open)
                return;
            _dirty.Add(id);
        }

        _work.Writer.TryWrite(true);
    }

    /// <summary>Requests a snapshot about something that only the control plane can decide.</summary>
    public void RequestResync() => _snapshotAsked.Writer.TryWrite(true);

    public async Task WaitForResyncRequest(CancellationToken ct) => await _snapshotAsked.Reader.ReadAsync(ct);

    /// <summary>Has the writer send everything. After the first snapshot, changes are sent too.</summary>
    public void QueueSnapshot()
    {
        lock (_lock)
            _snapshotDue = true;
        _work.Writer.TryWrite(true);
    }

    public void Acknowledge(ObservedAck ack)
    {
        lock (_lock)
        {
            if (_sent.TryGetValue(ack.WorkspaceId, out var sent) && sent.Version == ack.Version)
                _sent[ack.WorkspaceId] = sent with { Acknowledged = true };
        }
    }

    /// <summary>Takes the frames that can be sent now, control frames first.</summary>
    public async Task<IReadOnlyList<ConnectRequest>> Take(CancellationToken ct)
    {
        while (true)
        {
            var frames = new List<ConnectRequest>();
            while (_control.Reader.TryRead(out var frame))
                frames.Add(frame);
            if (frames.Count > 0)
                return frames;
            if (!TakeSnapshot(frames))
                TakeReports(frames);
            if (frames.Count > 0)
                return frames;
            await _work.Reader.ReadAsync(ct);
        }
    }

    private bool TakeSnapshot(List<ConnectRequest> frames)
    {
        lock (_lock)
        {
            if (!_snapshotDue)
                return false;
            (_snapshotDue, _open) = (false, true);
        }

        var entries = reconciler.Snapshot();
        var parts = new SnapshotParts(
            limits is { MaxWorkspacesPerSnapshotPart: > 0 and var count } ? (int)count : DefaultPart,
            limits is { MaxFrameBytes: > 0 and var bytes } ? (int)bytes : DefaultFrameBytes
        );
        lock (_lock)
        {
            // A workspace whose deletion was reported and stored needs no further reports.
            foreach (var (report, held) in entries)
                if (report.State != Mesh.V1.WorkspaceState.Deleted || !WasStoredLocked(report))
                    parts.Add(NextLocked(report, held));
        }

        frames.AddRange(parts.Complete());
        logger.SnapshotSent(entries.Count, frames.Count);
        if (limits is { MaxWorkspacesPerSnapshot: > 0 and var max } && entries.Count > max)
            logger.SnapshotTooLarge(entries.Count, max);
        return true;
    }

    private void TakeReports(List<ConnectRequest> frames)
    {
        HashSet<string> dirty;
        lock (_lock)
        {
            dirty = _dirty;
            _dirty = [];
        }

        foreach (var id in dirty)
        {
            var (report, traceparent) = reconciler.ReportOf(id);
            if (report is null)
                continue;
            lock (_lock)
            {
                if (_sent.TryGetValue(id, out var sent) && sent.Report == report)
                    continue;
                frames.Add(new ConnectRequest { Traceparent = traceparent, WorkspaceObserved = NextLocked(report) });
            }
        }
    }

    private bool WasStoredLocked(WorkspaceReport report) =>
        _sent.TryGetValue(report.Id, out var sent) && sent.Acknowledged && sent.Report == report;

    private WorkspaceObserved NextLocked(WorkspaceReport report, HeldWorkspace? held = null)
    {
        // Stored parts are not sent again. The report itself is, because it also confirms the current state.
        var stored = WasStoredLocked(report);
        _sent[report.Id] = new SentReport(report, ++_version, Acknowledged: false);
        var observed = new WorkspaceObserved
        {
            WorkspaceId = report.Id,
            Generation = report.Generation,
            Version = _version,
            State = report.State,
            Code = CleanText.Clean(report.Code),
            Message = CleanText.Clean(report.Message),
            Held = held,
            ResendDesired = report.ResendDesired,
            Timeline = { stored ? [] : report.Timeline.Steps.Select(Entry) },
        };
        if (report.Disk is { } disk)
            observed.Disk = CleanText.Clean(disk);
        return observed;
    }

    private static TimelineEntry Entry(TimelineStep step) =>
        new()
        {
            Id = step.Id,
            Time = step.At.ToTimestamp(),
            Stage = step.Stage,
            Code = step.Code,
            Message = step.Message,
        };

    private static Channel<bool> Wakeup() =>
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
}
