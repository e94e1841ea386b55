using System.Globalization;
using System.Net;
using Coder.Mesh.ControlPlane.AccessLog;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.AccessLog;

public sealed class RefusalLogTests : IAsyncDisposable
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress There = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new();
    private readonly FakeLogger<RefusalLog> _log = new();
    private readonly RefusalLog _refusals;

    public RefusalLogTests() => _refusals = new RefusalLog(_time, _log);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_of_a_reason_and_address_is_written_at_once_and_the_rest_as_a_count_a_minute_later()
    {
        await _refusals.StartAsync(Ct);
        for (var i = 0; i < 1000; i++)
            Add("TOKEN_MISSING", Here);
        Add("TOKEN_MISSING", There);
        Add("TOKEN_INVALID", Here);

        Assert.Equal(
            [
                "Refused anonymous from 192.0.2.1: TOKEN_MISSING: m",
                "Refused anonymous from 192.0.2.2: TOKEN_MISSING: m",
                "Refused anonymous from 192.0.2.1: TOKEN_INVALID: m",
            ],
            Lines()
        );

        _time.Advance(RefusalLog.Window - TimeSpan.FromTicks(1));
        Add("TOKEN_INVALID", There);
        Assert.Equal(4, Lines().Length);
        _time.Advance(TimeSpan.FromSeconds(5));
        await Eventually(() => Lines().Length == 5);

        Assert.Equal(
            "Refused 999 more requests from 192.0.2.1 since the last such line (anonymous): TOKEN_MISSING: latest: m",
            Lines()[^1]
        );
    }

    [Fact]
    public void Refusals_that_go_on_are_one_line_a_minute_and_none_is_missing()
    {
        var sent = 0L;
        for (var minute = 1; minute <= 5; minute++)
        {
            for (var second = 0; second < 60; second += 5)
            {
                for (var i = 0; i < 100; i++, sent++)
                    Add("TOKEN_INVALID", Here);
                _time.Advance(TimeSpan.FromSeconds(5));
                _refusals.WriteDue();
            }

            Assert.Equal(minute + 1, Lines().Length);
        }

        Assert.Equal(sent, Counted());
    }

    [Fact]
    public void A_million_addresses_take_no_more_memory_and_lines_than_the_limit()
    {
        const int addresses = 1_000_000;
        for (var i = 0; i < addresses; i++)
            Add(i % 2 == 0 ? "TOKEN_MISSING" : "TOKEN_INVALID", new IPAddress(i));

        Assert.Equal(RefusalLog.MaxEntries + 2, _refusals.Entries);
        Assert.Equal(RefusalLog.MaxEntries + 2, Lines().Length);
        Assert.Equal(2, Lines().Count(l => l.Contains(RefusalLog.OtherAddresses, StringComparison.Ordinal)));
    }

    [Fact]
    public void What_has_been_quiet_for_a_minute_is_forgotten_and_makes_room()
    {
        for (var i = 0; i < RefusalLog.MaxEntries; i++)
            Add("TOKEN_MISSING", new IPAddress(i));
        _time.Advance(RefusalLog.Window);
        _refusals.WriteDue();
        Assert.Equal(0, _refusals.Entries);

        Add("TOKEN_MISSING", Here);

        Assert.Equal("Refused anonymous from 192.0.2.1: TOKEN_MISSING: m", Lines()[^1]);
    }

    [Fact]
    public async Task What_has_not_been_written_yet_is_written_when_it_stops()
    {
        await _refusals.StartAsync(Ct);
        for (var i = 0; i < 7; i++)
            Add("TOKEN_MISSING", Here);

        await _refusals.StopAsync(Ct);

        Assert.Equal(7, Counted());
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::/64")]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1")]
    public void Addresses_that_one_caller_chooses_from_are_one(string first, string second, string written)
    {
        Add("TOKEN_MISSING", IPAddress.Parse(first));
        Add("TOKEN_MISSING", IPAddress.Parse(second));

        Assert.Equal($"Refused anonymous from {written}: TOKEN_MISSING: m", Assert.Single(Lines()));
    }

    [Fact]
    public void A_count_names_a_few_of_those_who_were_refused()
    {
        for (var i = 0; i < 10; i++)
            _refusals.Add($"provider:{i}", "VERSION_UNSUPPORTED", "m", Here);

        _time.Advance(RefusalLog.Window);
        _refusals.WriteDue();

        Assert.Contains("(provider:1, provider:2, provider:3 and others)", Lines()[^1], StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _refusals.StopAsync(CancellationToken.None);
        _refusals.Dispose();
    }

    private void Add(string reason, IPAddress address) => _refusals.Add("anonymous", reason, "m", address);

    private string[] Lines() => [.. _log.Collector.GetSnapshot().Select(r => r.Message)];

    /// <summary>How many refusals the lines tell of.</summary>
    private long Counted() =>
        _log
            .Collector.GetSnapshot()
            .Sum(r =>
                r.GetStructuredStateValue("Count") is { } count ? long.Parse(count, CultureInfo.InvariantCulture) : 1
            );

    private static async Task Eventually(Func<bool> good)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!good())
            await pace.WaitForNextTickAsync(limit.Token);
    }
}
