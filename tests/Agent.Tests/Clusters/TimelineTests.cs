using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests.Clusters;

public sealed class TimelineTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.UnixEpoch;

    [Fact]
    public void The_same_happening_is_told_once_and_as_it_was_told_first()
    {
        var once = Timeline.Empty.With(Step("a", message: "first"));

        Assert.Same(once, once.With(Step("a", 9, "second")));
        Assert.Equal(["first"], once.With(Step("a", 9, "second"), Step("a")).Steps.Select(s => s.Message));
    }

    [Fact]
    public void Steps_are_in_order_of_time_whenever_they_are_heard_of()
    {
        var timeline = Timeline.Empty.With(Step("c", 3), Step("a", 1)).With(Step("b", 2));

        Assert.Equal(["a", "b", "c"], timeline.Steps.Select(s => s.Id));
    }

    [Fact]
    public void Within_a_second_the_stages_have_their_own_order()
    {
        var ready = Step("ready") with { Stage = TimelineStage.Ready };

        var timeline = Timeline.Empty.With(ready).With(Step("pulled") with { Stage = TimelineStage.ImagePulled });

        Assert.Equal(["pulled", "ready"], timeline.Steps.Select(s => s.Id));
    }

    [Fact]
    public void Equal_by_content()
    {
        var one = Timeline.Empty.With(Step("a"), Step("b"));

        Assert.Equal(one, Timeline.Empty.With(Step("a")).With(Step("b")));
        Assert.NotEqual(one, Timeline.Empty.With(Step("a")));
        Assert.NotEqual(one, Timeline.Empty.With(Step("a"), Step("b", 1)));
    }

    [Fact]
    public void A_full_one_says_so_once_and_takes_no_more()
    {
        var timeline = Timeline.Empty;
        for (var i = 0; i < 150; i++)
            timeline = timeline.With(Step($"s{i}", i));

        Assert.Equal(Timeline.MaxSteps, timeline.Steps.Count);
        Assert.Equal("s98", timeline.Steps[^2].Id);
        Assert.Equal((TimelineStage.Notice, At.AddSeconds(99)), (timeline.Steps[^1].Stage, timeline.Steps[^1].At));
        Assert.Same(timeline, timeline.With(Step("more")));
    }

    [Fact]
    public void Long_words_are_cut_and_many_of_them_fill_it_before_it_has_its_number()
    {
        var words = new string('ü', 2000) + "\n";
        var timeline = Timeline.Empty.With(Enumerable.Range(0, 100).Select(i => Step($"s{i}", i, words)));

        Assert.All(timeline.Steps, s => Assert.True(s.Message.Length <= 512, s.Message));
        Assert.InRange(timeline.Steps.Count, 25, 40);
        Assert.Equal("full", timeline.Steps[^1].Id);
    }

    private static TimelineStep Step(string id, int second = 0, string message = "") =>
        new(id, At.AddSeconds(second), TimelineStage.Notice, Message: message);
}
