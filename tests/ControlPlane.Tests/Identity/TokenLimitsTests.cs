using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.Identity;

/// <summary>
/// What callers can make the control plane do before it is known who they are. While the table of tokens is locked,
/// whoever is answered was answered without the store.
/// </summary>
public sealed class TokenLimitsTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Theory]
    [InlineData("mat")]
    [InlineData("mat_short")]
    [InlineData("xyz_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_can_be_no_token_is_refused_without_the_store(string token)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var locked = await HeldLock.Tokens(plane.Database, Ct);

        Assert.Equal(ErrorReasons.TokenInvalid, await ReasonOf(plane, token));
    }

    [Fact]
    public async Task A_token_that_the_store_did_not_know_is_refused_without_asking_it_again()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var token = Tokens.Create(TokenKind.Api);
        Assert.Equal(ErrorReasons.TokenInvalid, await ReasonOf(plane, token));

        await using var locked = await HeldLock.Tokens(plane.Database, Ct);

        Assert.Equal(ErrorReasons.TokenInvalid, await ReasonOf(plane, token));
    }

    [Fact]
    public async Task Unknown_tokens_wait_for_each_other_in_bounded_number_and_a_known_one_does_not_wait_for_them()
    {
        await using var plane = await TestControlPlane.Start(
            Postgres,
            Ct,
            options: o => (o.ConcurrentLookups, o.WaitingLookups) = (1, 0)
        );
        using var refusals = Collect(plane, "mesh.api.refusals");
        Assert.Null(await ReasonOf(plane, plane.AdminToken));
        var locked = await HeldLock.Tokens(plane.Database, Ct);

        var first = ReasonOf(plane, Tokens.Create(TokenKind.Provider));
        await locked.Until(waiting: 1, Ct);
        var second = await ReasonOf(plane, Tokens.Create(TokenKind.Provider));
        var known = ReasonOf(plane, plane.AdminToken);
        await locked.Until(waiting: 2, Ct);
        await locked.DisposeAsync();

        Assert.Equal(ErrorReasons.AuthenticationBusy, second);
        Assert.Equal(ErrorReasons.TokenInvalid, await first);
        Assert.Null(await known);
        Assert.Equal(
            [ErrorReasons.AuthenticationBusy, ErrorReasons.TokenInvalid],
            refusals.GetMeasurementSnapshot().Select(m => m.Tags["mesh.reason"])
        );
    }

    [Fact]
    public async Task An_agents_token_that_is_shown_too_often_is_refused_without_the_store_and_counted()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, options: o => o.AttachesPerMinute = 2);
        using var refusals = Collect(plane, "mesh.agent.refusals");
        var (_, token) = await plane.CreateProvider("west", Ct);
        for (var i = 0; i < 2; i++)
        {
            using var agent = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");
        }

        await using var locked = await HeldLock.Tokens(plane.Database, Ct);
        using var refused = TestAgent.Open(plane, token);
        var end = await refused.End(Ct);

        Assert.Equal((StatusCode.ResourceExhausted, ErrorReasons.TooManyAttaches), (end.StatusCode, Reason(end)));
        Assert.Contains("more than 2 times in a minute", end.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(
            [ErrorReasons.TooManyAttaches],
            refusals.GetMeasurementSnapshot().Select(m => m.Tags["mesh.reason"])
        );
    }

    [Fact]
    public void A_token_is_good_again_a_minute_later_and_an_unknown_one_is_asked_for_again_after_ten_seconds()
    {
        var time = new FakeTimeProvider();
        var limits = new TokenLimits(AttachesPerMinute: 2, ConcurrentLookups: 16, WaitingLookups: 10_000);
        var gate = new TokenLookupLimiter(limits, time);
        string? Enter(string hash) => gate.Enter(hash, TokenKind.Provider).Error?.Reason;

        gate.Found(
            "good",
            new TokenRecord("good", "id", TokenKind.Provider, "provider", time.GetUtcNow()),
            wasValid: false
        );
        gate.NotFound("bad");

        Assert.Equal([null, ErrorReasons.TooManyAttaches], new[] { Enter("good"), Enter("good") });
        Assert.Equal(ErrorReasons.TokenInvalid, Enter("bad"));
        time.Advance(TokenLookupLimiter.UnknownFor);
        Assert.Null(Enter("bad"));
        Assert.Equal(ErrorReasons.TooManyAttaches, Enter("good"));
        time.Advance(TokenLookupLimiter.Window);
        Assert.Null(Enter("good"));
    }

    [Fact]
    public void Uses_of_a_token_that_was_not_known_count_too()
    {
        var time = new FakeTimeProvider();
        var gate = new TokenLookupLimiter(new TokenLimits(AttachesPerMinute: 3, 16, 10_000), time);
        var record = new TokenRecord("good", "id", TokenKind.Provider, "provider", time.GetUtcNow());

        var known = Enumerable.Range(0, 3).Select(_ => gate.Enter("good", TokenKind.Provider).Value).ToList();
        foreach (var wasValid in known)
            gate.Found("good", record, wasValid);

        Assert.Equal([false, false, false], known);
        Assert.Equal(ErrorReasons.TooManyAttaches, gate.Enter("good", TokenKind.Provider).Error?.Reason);
    }

    [Fact]
    public async Task A_request_with_more_headers_than_ours_have_is_refused_before_it_is_read()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        async Task<int> List(int bytes) =>
            (
                await plane.Providers.ListProvidersAsync(
                    new ListProvidersRequest(),
                    With(plane.Admin, bytes),
                    cancellationToken: Ct
                )
            )
                .Providers
                .Count;

        Assert.Equal(1, await List(bytes: 4 * 1024));
        await using var locked = await HeldLock.Tokens(plane.Database, Ct);
        var refused = await Assert.ThrowsAsync<RpcException>(() => List(bytes: 12 * 1024));
        Assert.Equal(ErrorReasons.HeadersTooLarge, Reason(refused));
    }

    private static Metadata With(Metadata headers, int bytes)
    {
        headers.Add("x-more", new string('x', bytes));
        return headers;
    }

    private static async Task<string?> ReasonOf(TestControlPlane plane, string token)
    {
        try
        {
            await plane.Providers.ListProvidersAsync(
                new ListProvidersRequest(),
                new Metadata { { "authorization", $"Bearer {token}" } },
                cancellationToken: Ct
            );
            return null;
        }
        catch (RpcException e)
        {
            return Reason(e);
        }
    }

    private static MetricCollector<long> Collect(TestControlPlane plane, string instrument) =>
        new(plane.Services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), Meters.Name, instrument);
}
