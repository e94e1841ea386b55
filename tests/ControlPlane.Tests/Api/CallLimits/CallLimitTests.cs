using System.Collections.Concurrent;
using System.Net;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Api.CallLimits;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Api.CallLimits;

/// <summary>More calls than there is room for: who is let in, who waits, and what the others are told.</summary>
public sealed class CallLimitTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    private static readonly CallLimitOptions Small = new() { Concurrent = 2, WaitingPerCaller = 1 };

    [Fact]
    public async Task A_user_who_has_all_the_calls_he_may_have_is_refused_with_a_delay_and_another_is_not()
    {
        await using var plane = await Start(Small);
        var other = await plane.Services.GetRequiredService<ApiTokens>().Issue("jo", Ct);
        await Get(plane, plane.AdminToken);
        await Get(plane, other);
        var locked = await HeldLock.Events(plane.Database, Ct);

        var running = Create(plane, "one");
        await locked.Until(waiting: 1, Ct);
        // One of them waits; which one is theirs to find out.
        Task[] both = [Create(plane, "two"), Create(plane, "three")];
        var refused = await Record(() => Task.WhenAny(both).Unwrap());
        var json = await Send(plane, "GET", "/v1/providers");
        await Get(plane, other);
        await locked.DisposeAsync();

        Assert.Equal((StatusCode.ResourceExhausted, ErrorReasons.TooManyCalls), (refused!.StatusCode, Reason(refused)));
        Assert.InRange(Delay(refused), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.5));
        Assert.Equal((HttpStatusCode.TooManyRequests, ErrorReasons.TooManyCalls), (json.Status, json.Reason));
        Assert.InRange(json.Response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 2);
        await running;
        await both.Single(b => !b.IsFaulted);
        Assert.Equal(
            ErrorReasons.TooManyCalls,
            Assert.Single(plane.LogRecords, l => l.Id.Id == 2001).GetStructuredStateValue("Reason")
        );
    }

    [Fact]
    public async Task A_token_that_nobody_has_used_yet_is_let_in_only_once_it_is_known_and_then_it_counts_too()
    {
        await using var plane = await Start(Small);
        var fresh = await plane.Services.GetRequiredService<ApiTokens>().Issue("jo", Ct);
        var locked = await HeldLock.Events(plane.Database, Ct);
        Task[] running = [Create(plane, "one"), Create(plane, "two", fresh)];
        await locked.Until(waiting: 2, Ct);

        // Each has its one turn: what comes with a wrong token isn't anybody's.
        Task[] both = [Get(plane, fresh), Get(plane, fresh)];
        var refused = await Record(() => Task.WhenAny(both).Unwrap());
        var unknown = await Assert.ThrowsAsync<RpcException>(() => Get(plane, Tokens.Create(TokenKind.Api)));
        var waiting = Assert.Single(both, b => !b.IsCompleted);
        await locked.DisposeAsync();

        Assert.Equal(ErrorReasons.TooManyCalls, Reason(refused!));
        Assert.Equal(ErrorReasons.TokenInvalid, Reason(unknown));
        await Task.WhenAll(running);
        await waiting;
    }

    /// <summary>Far more at once than there are connections: the store is never blamed for it.</summary>
    [Fact]
    public async Task Hundreds_of_creates_of_one_name_make_one_and_none_says_that_the_store_is_away()
    {
        await using var first = await Start(new CallLimitOptions());
        var database = $"{first.Database};Maximum Pool Size=8;Timeout=1";
        await using var plane = await Start(new CallLimitOptions { WaitingPerCaller = 40 }, database);
        using var agent = await Ready(plane);
        var answers = new ConcurrentBag<string>();
        var delays = new ConcurrentBag<TimeSpan>();

        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => One()));

        async Task One()
        {
            while (true)
            {
                try
                {
                    await Create(plane, "dev");
                    answers.Add("OK");
                    return;
                }
                catch (RpcException e) when (Reason(e) is ErrorReasons.TooManyCalls)
                {
                    delays.Add(Delay(e));
                    await Task.Delay(Delay(e), Ct);
                }
                catch (RpcException e)
                {
                    answers.Add(Reason(e) ?? e.Status.ToString());
                    return;
                }
            }
        }

        Assert.Single(answers, a => a == "OK");
        Assert.Equal([ErrorReasons.WorkspaceExists], answers.Where(a => a != "OK").Distinct());
        Assert.NotEmpty(delays);
        Assert.All(delays, d => Assert.InRange(d, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.5)));
    }

    [Fact]
    public async Task Of_a_crowd_of_watches_as_many_run_as_may_and_only_the_others_are_too_many()
    {
        const int Places = 40;
        await using var first = await Start(new CallLimitOptions());
        await using var plane = await Start(
            new CallLimitOptions { Concurrent = 2, WaitingPerCaller = 0 },
            $"{first.Database};Maximum Pool Size=8;Timeout=1",
            new WatchLimits { Watches = Places }
        );
        await Get(plane, plane.AdminToken);
        var calls = Enumerable
            .Range(0, Places + 10)
            .Select(_ =>
                plane.Providers.WatchProviders(new WatchProvidersRequest(), plane.Admin, cancellationToken: Ct)
            )
            .ToList();

        var ends = await Task.WhenAll(calls.Select(c => Record(() => c.ResponseStream.MoveNext(Ct))));

        Assert.Equal(Places, ends.Count(e => e is null));
        Assert.All(
            ends.OfType<RpcException>(),
            e => Assert.Equal((StatusCode.ResourceExhausted, ErrorReasons.TooManyWatches), (e.StatusCode, Reason(e)))
        );
        // They hold no turn: other calls run beside them.
        await Get(plane, plane.AdminToken);
        calls.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task A_call_waits_no_longer_than_it_has_time_or_may()
    {
        var time = new FakeTimeProvider();
        await using var database = NpgsqlDataSource.Create("Host=nowhere");
        using var limiter = new CallLimiter(
            Options.Create(Small),
            new WatchLimits(),
            database,
            new StoreHealth(time),
            time
        );
        using var first = (await limiter.Call("jo", null, Ct)).Value;

        var hurried = limiter.Call("jo", TimeSpan.FromSeconds(1), Ct);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorReasons.DeadlineExceeded, (await hurried).Error?.Reason);
        var patient = limiter.Call("jo", TimeSpan.FromMinutes(5), Ct);
        time.Advance(Small.MaxWait - TimeSpan.FromTicks(1));
        Assert.False(patient.IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(ErrorReasons.TooManyCalls, (await patient).Error?.Reason);

        // Whoever gave up has left no trace: the next one waits in turn, and gets in.
        var next = limiter.Call("jo", null, Ct);
        Assert.False(next.IsCompleted);
        first.Dispose();
        (await next).Value.Dispose();
    }

    [Fact]
    public async Task A_user_with_a_crowd_of_calls_leaves_half_of_the_room_and_the_next_turn_to_others()
    {
        await using var database = NpgsqlDataSource.Create("Host=nowhere");
        var options = new CallLimitOptions { Concurrent = 4, WaitingPerCaller = 100 };
        using var limiter = Limiter(options, database);
        var crowd = Enumerable.Range(0, 50).Select(_ => limiter.Call("crowd", null, Ct)).ToList();
        var others = new[] { "ann", "bob" }.Select(user => limiter.Call(user, null, Ct)).ToList();

        Assert.Equal((2, 2), (crowd.Count(c => c.IsCompleted), others.Count(c => c.IsCompleted)));

        var late = limiter.Call("cid", null, Ct);
        Assert.False(late.IsCompleted);
        (await crowd[0]).Value.Dispose();
        await late;
    }

    [Fact]
    public async Task Who_makes_few_calls_finds_room_though_others_have_taken_all_of_it()
    {
        await using var database = NpgsqlDataSource.Create("Host=nowhere");
        var options = new CallLimitOptions
        {
            Concurrent = 2,
            Waiting = 10,
            WaitingPerCaller = 100,
        };
        using var limiter = Limiter(options, database);
        var crowd = Enumerable.Range(0, 50).Select(i => limiter.Call($"crowd-{i % 2}", null, Ct)).ToList();

        Assert.Equal(
            50 - 4 - 4 - 12,
            crowd.Count(c => c.IsCompletedSuccessfully && c.Result.Error?.Reason == ErrorReasons.TooManyCalls)
        );
        var modest = limiter.Call("modest", null, Ct);
        Assert.False(modest.IsCompleted);
        (await crowd[0]).Value.Dispose();
        (await modest).Value.Dispose();
    }

    [Fact]
    public async Task Nobody_waits_for_a_turn_at_a_store_that_does_not_answer()
    {
        var health = new StoreHealth(TimeProvider.System);
        await using var database = NpgsqlDataSource.Create("Host=nowhere");
        using var limiter = new CallLimiter(
            Options.Create(Small),
            new WatchLimits(),
            database,
            health,
            TimeProvider.System
        );
        using var first = (await limiter.Call("jo", null, Ct)).Value;

        var waiting = limiter.Call("jo", null, Ct);
        health.ReportSilent();
        var error = (await waiting).Error;
        var late = (await limiter.Call("jo", null, Ct)).Error;
        health.ReportBack();
        var again = limiter.Call("jo", null, Ct);

        Assert.Equal((ErrorKind.Unavailable, ErrorReasons.StoreUnavailable), (error?.Kind, error?.Reason));
        Assert.NotNull(error!.RetryDelay);
        Assert.Equal(error, late);
        Assert.False(again.IsCompleted);
    }

    private Task<TestControlPlane> Start(
        CallLimitOptions options,
        string? database = null,
        WatchLimits? watches = null
    ) =>
        TestControlPlane.Start(
            Postgres,
            Ct,
            database: database,
            services: s =>
            {
                s.PostConfigure<CallLimitOptions>(o =>
                    (o.Concurrent, o.Waiting, o.WaitingPerCaller, o.MaxWait) = (
                        options.Concurrent,
                        options.Waiting,
                        options.WaitingPerCaller,
                        TimeSpan.FromMinutes(1)
                    )
                );
                s.AddSingleton(watches ?? new WatchLimits());
            }
        );

    private static CallLimiter Limiter(CallLimitOptions options, NpgsqlDataSource database) =>
        new(
            Options.Create(options),
            new WatchLimits(),
            database,
            new StoreHealth(TimeProvider.System),
            TimeProvider.System
        );

    private static async Task<TestAgent> Ready(TestControlPlane plane)
    {
        var (id, token) = await plane.BuiltIn(Ct);
        var agent = await TestAgent.Attach(plane, token, Ct);
        await UntilStatus(plane, id, ProviderStatus.Ready);
        return agent;
    }

    private static async Task Create(TestControlPlane plane, string name, string? token = null)
    {
        var headers = new Metadata { { "authorization", $"Bearer {token ?? plane.AdminToken}" } };
        var request = new CreateWorkspaceRequest { Name = name, Spec = TestControlPlane.Spec() };
        if (name == "dev")
            await plane.Workspaces.CreateWorkspaceAsync(request, headers, cancellationToken: Ct);
        else
            await plane.Providers.CreateProviderAsync(new() { Name = name }, headers, cancellationToken: Ct);
    }

    private static async Task Get(TestControlPlane plane, string token) =>
        await plane.Deployment.GetDeploymentAsync(
            new GetDeploymentRequest(),
            new Metadata { { "authorization", $"Bearer {token}" } },
            cancellationToken: Ct
        );

    private static async Task<RpcException?> Record(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (RpcException e)
        {
            return e;
        }
    }

    private static TimeSpan Delay(RpcException e) => e.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan();
}
