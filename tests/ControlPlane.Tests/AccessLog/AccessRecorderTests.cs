using System.Net;
using Coder.Mesh.ControlPlane.AccessLog;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.AccessLog;

public sealed class AccessRecorderTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private readonly RefusalLog _refusals;

    public AccessRecorderTests() => _refusals = new RefusalLog(_time, NullLogger<RefusalLog>.Instance);

    [Fact]
    public void What_finds_no_room_is_counted_under_other_and_memory_stays_bounded_for_as_long_as_it_lasts()
    {
        var recorder = new AccessRecorder(_time, _refusals);
        for (var i = 0; i < AccessRecorder.Capacity; i++)
            Record(recorder, $"provider:{i}", "A");
        for (var i = 0; i < 5_000; i++)
        {
            Record(recorder, $"provider:late-{i}", i % 2 == 0 ? "A" : "B");
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        var taken = recorder.Take();

        Assert.Equal(AccessRecorder.Capacity + 2, taken.Count);
        Assert.Equal(AccessRecorder.Capacity + 5_000, taken.Values.Sum(c => c.Count));
        var others = taken.Where(t => t.Key.Subject == AccessSubjects.Other).ToList();
        Assert.Equal([("A", 2_500L), ("B", 2_500L)], others.Select(o => (o.Key.Reason, o.Value.Count)).Order());
        Assert.All(others, o => Assert.Equal(("", ""), (o.Value.Message, o.Value.Peer)));
        Assert.Equal(TimeSpan.FromMinutes(4_998), others.Single(o => o.Key.Reason == "A").Value.LastAt - Start);
    }

    [Fact]
    public void What_comes_back_joins_what_came_meanwhile()
    {
        var recorder = new AccessRecorder(_time, _refusals);
        Record(recorder, "s", "A", "first");
        var taken = recorder.Take();
        _time.Advance(TimeSpan.FromSeconds(1));
        Record(recorder, "s", "A", "second");

        recorder.Return(taken);

        var count = Assert.Single(recorder.Take()).Value;
        Assert.Equal(
            (2, Start, Start.AddSeconds(1), "second"),
            (count.Count, count.FirstAt, count.LastAt, count.Message)
        );
        Assert.Empty(recorder.Take());
    }

    public void Dispose() => _refusals.Dispose();

    private static DateTimeOffset Start => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static void Record(AccessRecorder recorder, string subject, string reason, string message = "m") =>
        recorder.Record(subject, AccessAction.Call, reason, message, IPAddress.Loopback);
}
