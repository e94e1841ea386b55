using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Protocol.Tests.Client;

/// <summary>A watch against a control plane that fails as it is told to.</summary>
public sealed class ResourceWatchTests
{
    private ScriptedCalls _calls = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// Whoever keeps the token of each event must not be without the rest of the list after a restart.
    /// </summary>
    [Fact]
    public async Task What_is_listed_has_no_token_until_all_of_it_is_told()
    {
        _calls.CutList("a", Version("1", 5));
        _calls.Listed("b", Version("1", 5), Version("2", 7));
        _calls.Stream(Told("c", Version("1", 6)));

        var told = await Tell(6);

        Assert.Equal(
            ["changed 1 v5 @", "interrupted @", "changed 2 v7 @", "synced @b", "resumed @b", "changed 1 v6 @c"],
            told
        );
        Assert.Equal(["b"], _calls.Asked);
    }

    [Fact]
    public async Task What_a_new_list_lacks_has_no_token_until_all_of_it_is_told()
    {
        _calls.Listed("a", Version("1", 5), Version("2", 7));
        _calls.Stream(StatusCode.OutOfRange);
        _calls.Listed("b", Version("2", 7));
        _calls.Stream();

        var told = await Tell(6);

        Assert.Equal(["synced @a", "interrupted @", "removed 1 v5 @", "synced @b"], told[2..]);
    }

    [Fact]
    public async Task After_the_list_of_a_restored_database_it_tells_what_differs_whatever_the_versions()
    {
        _calls.Listed("a", Version("1", 5), Version("2", 7, WorkspaceState.Running), Version("3", 1));
        _calls.Stream(StatusCode.OutOfRange);
        _calls.Listed("b", Version("1", 4), Version("2", 7, WorkspaceState.Stopped), Version("3", 1));
        _calls.Stream(Told("c", Version("1", 5)));

        var told = await Tell(10);

        Assert.Equal(
            ["interrupted @", "changed 1 v4 @", "changed 2 v7 @", "synced @b", "resumed @b", "changed 1 v5 @c"],
            told[4..]
        );
    }

    /// <summary>
    /// A count of a provider changes without its version; a version of a workspace is told once, whatever it shows.
    /// </summary>
    [Theory]
    [InlineData(false, "changed 1 v6 @d")]
    [InlineData(true, "changed 1 v5 @c")]
    public async Task The_same_version_with_other_contents_is_a_change_where_contents_change_without_it(
        bool changesWithoutVersion,
        string next
    )
    {
        _calls = new ScriptedCalls { ChangesWithoutVersion = changesWithoutVersion };
        _calls.Listed("a", Version("1", 5, WorkspaceState.Running));
        _calls.Stream(
            Told("b", Version("1", 5, WorkspaceState.Running)),
            Told("b", Version("1", 4, WorkspaceState.Stopped)),
            Told("c", Version("1", 5, WorkspaceState.Stopped)),
            Told("d", Version("1", 6, WorkspaceState.Stopped))
        );

        var told = await Tell(3);

        Assert.Equal(["changed 1 v5 @", "synced @a", next], told);
    }

    [Fact]
    public async Task Tokens_that_are_never_good_are_tried_with_pauses()
    {
        var time = new FakeTimeProvider();
        foreach (var token in new[] { "a", "b" })
        {
            _calls.Listed(token);
            _calls.Stream(StatusCode.OutOfRange);
        }

        await using var events = Watch(time).GetAsyncEnumerator(Ct);
        while (await events.MoveNextAsync() && events.Current is not WatchInterrupted<Workspace>) { }
        var next = events.MoveNextAsync().AsTask();

        Assert.False(next.IsCompleted);
        time.Advance(Backoff.Dial.Cap);
        Assert.True(await next);
        Assert.Equal("synced @b", Text(events.Current));
    }

    [Fact]
    public async Task A_stream_without_even_a_sign_of_life_is_given_up_and_gone_on_from()
    {
        var time = new FakeTimeProvider();
        _calls.Stream(new WatchWorkspacesResponse { Type = ChangeType.Progress, ResumeToken = "b" });
        _calls.Stream(Told("c", Version("1", 2)));
        await using var events = Watch(time, "a").GetAsyncEnumerator(Ct);
        var next = events.MoveNextAsync().AsTask();
        await _calls.Watched(Ct);

        time.Advance(TimeSpan.FromSeconds(89));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(60), Ct));
        Assert.Equal("interrupted @b", Text(events.Current));
        next = events.MoveNextAsync().AsTask();
        time.Advance(Backoff.Dial.Cap);
        Assert.True(await next);
        Assert.Equal("resumed @b", Text(events.Current));
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("changed 1 v2 @c", Text(events.Current));
        Assert.Equal(["a", "b"], _calls.Asked);
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument)]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.FailedPrecondition)]
    [InlineData(StatusCode.Unauthenticated)]
    [InlineData(StatusCode.PermissionDenied)]
    [InlineData(StatusCode.Unimplemented)]
    public async Task What_the_caller_has_to_mend_ends_it(StatusCode code)
    {
        _calls.Stream(code);

        var refused = await Assert.ThrowsAnyAsync<MeshException>(() => Tell(1, "a"));

        Assert.Equal(code, refused.StatusCode);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.ResourceExhausted)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.Cancelled)]
    public async Task What_may_pass_is_told_and_gone_on_from(StatusCode code)
    {
        _calls.Stream(code, Told("b", Version("1", 1)));
        _calls.Stream(Told("b", Version("1", 1)), Told("c", Version("1", 2)));

        var told = await Tell(4, "a");

        Assert.Equal(["changed 1 v1 @b", "interrupted @b", "resumed @b", "changed 1 v2 @c"], told);
        Assert.Equal(["a", "b"], _calls.Asked);
    }

    [Fact]
    public async Task Pauses_grow_and_begin_anew_once_something_has_come()
    {
        var time = new WithoutPauses();
        for (var failure = 1; failure <= 8; failure++)
            _calls.Stream(StatusCode.Unavailable);
        _calls.Stream(StatusCode.Unavailable, new WatchWorkspacesResponse { ResumeToken = "b" });
        _calls.Stream(Told("c", Version("1", 1)));

        var told = await Watch(time, "a").Take(12).ToListAsync(Ct);

        Assert.Equal("changed 1 v1 @c", Text(told[^1]));
        Assert.True(time.Pauses.Max() > Backoff.Dial.Initial);
        Assert.InRange(time.Pauses[^1], TimeSpan.Zero, Backoff.Dial.Initial);
    }

    [Fact]
    public async Task Its_caller_can_cancel_it_amid_a_pause()
    {
        _calls.Stream(StatusCode.Unavailable);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        await using var events = Watch(new FakeTimeProvider(), "a").GetAsyncEnumerator(stop.Token);
        Assert.True(await events.MoveNextAsync());
        var next = events.MoveNextAsync().AsTask();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task Its_caller_can_cancel_it_amid_a_stream()
    {
        _calls.Stream();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        await using var events = Watch(TimeProvider.System, "a").GetAsyncEnumerator(stop.Token);
        var next = events.MoveNextAsync().AsTask();
        await _calls.Watched(Ct);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    private async Task<List<string>> Tell(int count, string resumeToken = "") =>
        await Watch(new WithoutPauses(), resumeToken).Take(count).Select(Text).ToListAsync(Ct);

    private IAsyncEnumerable<WatchEvent<Workspace>> Watch(TimeProvider time, string resumeToken = "") =>
        new ResourceWatch<Workspace, WatchWorkspacesResponse>(_calls, time).Run(resumeToken, CancellationToken.None);

    private static Workspace Version(string id, ulong version, WorkspaceState state = default) =>
        new()
        {
            Id = id,
            ResourceVersion = version,
            State = state,
        };

    private static WatchWorkspacesResponse Told(string token, Workspace workspace) =>
        new()
        {
            Type = ChangeType.Changed,
            Workspace = workspace,
            ResumeToken = token,
        };

    private static string Text(WatchEvent<Workspace> e) =>
        e switch
        {
            ResourceChanged<Workspace> { Resource: var w } => $"changed {w.Id} v{w.ResourceVersion} @{e.ResumeToken}",
            ResourceRemoved<Workspace> { Resource: var w } => $"removed {w.Id} v{w.ResourceVersion} @{e.ResumeToken}",
            WatchResumed<Workspace> => $"resumed @{e.ResumeToken}",
            WatchSynced<Workspace> => $"synced @{e.ResumeToken}",
            _ => $"interrupted @{e.ResumeToken}",
        };

    /// <summary>The longest pause is over at once; silence is not.</summary>
    private sealed class WithoutPauses : TimeProvider
    {
        public List<TimeSpan> Pauses { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > Backoff.Dial.Cap)
                return base.CreateTimer(callback, state, dueTime, period);
            Pauses.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
