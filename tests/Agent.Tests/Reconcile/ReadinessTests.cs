using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests.Reconcile;

public sealed class ReadinessTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static DateTimeOffset At(double seconds) => Now.AddSeconds(seconds);

    private static Readiness New() => Readiness.Unknown(new ClusterFacts(), Now);

    private static Condition Reachable(Readiness readiness) =>
        Assert.Single(readiness.Conditions, c => c.Type == ConditionTypes.ClusterReachable);

    [Fact]
    public void Before_the_first_probe_every_required_condition_is_unknown()
    {
        Assert.Equal(ConditionTypes.Required, New().Conditions.Select(c => c.Type));
        Assert.All(New().Conditions, c => Assert.Equal(ConditionStatus.Unknown, c.Status));
        Assert.False(New().Decided);
    }

    [Fact]
    public void First_answer_decides()
    {
        var readiness = New().Probed(FakeDriver.Reachable("ns-1"), At(1));

        Assert.True(readiness.Decided);
        Assert.Equal("ns-1", readiness.NamespaceUid);
        Assert.Equal(ConditionStatus.True, Reachable(readiness).Status);
    }

    [Fact]
    public void Three_failures_in_a_row_make_a_cluster_unreachable()
    {
        var two = New().Probed(FakeDriver.Unreachable, At(0)).Probed(FakeDriver.Unreachable, At(1));
        var three = two.Probed(FakeDriver.Unreachable, At(2));

        Assert.Equal(ConditionStatus.Unknown, Reachable(two).Status);
        Assert.Equal(ConditionStatus.False, Reachable(three).Status);
        Assert.Equal("cluster_unreachable", Reachable(three).Code);
    }

    [Fact]
    public void Fifteen_seconds_of_failure_do_too()
    {
        var readiness = New().Probed(FakeDriver.Unreachable, At(0)).Probed(FakeDriver.Unreachable, At(15));

        Assert.Equal(ConditionStatus.False, Reachable(readiness).Status);
    }

    [Fact]
    public void Two_failures_after_success_are_no_news()
    {
        var good = New().Probed(FakeDriver.Reachable("ns-1"), At(0));
        var bad = good.Probed(FakeDriver.Unreachable, At(5)).Probed(FakeDriver.Unreachable, At(10));

        Assert.Equal(good.ToReport(), bad.ToReport());
        Assert.Equal("ns-1", bad.NamespaceUid);
    }

    [Fact]
    public void Success_between_failures_starts_the_count_again()
    {
        var readiness = New()
            .Probed(FakeDriver.Unreachable, At(0))
            .Probed(FakeDriver.Unreachable, At(1))
            .Probed(FakeDriver.Reachable("ns-1"), At(2))
            .Probed(FakeDriver.Unreachable, At(16))
            .Probed(FakeDriver.Unreachable, At(17));

        Assert.Equal(ConditionStatus.True, Reachable(readiness).Status);
    }

    [Fact]
    public void Condition_is_as_old_as_its_status()
    {
        var first = New().Probed(FakeDriver.Reachable("ns-1"), At(1));
        var later = first.Probed(FakeDriver.Reachable("ns-1"), At(6));

        Assert.Equal(At(1), Reachable(later).SinceTime.ToDateTimeOffset());
    }

    [Fact]
    public void Lost_cluster_keeps_its_identity()
    {
        var readiness = New().Probed(FakeDriver.Reachable("ns-1"), At(0));
        for (var i = 1; i <= 4; i++)
            readiness = readiness.Probed(FakeDriver.Unreachable, At(5 * i));

        Assert.Equal("ns-1", readiness.NamespaceUid);
        Assert.Equal("v1.31.2", readiness.Facts.KubernetesVersion);
        Assert.Equal(ConditionStatus.False, Reachable(readiness).Status);
    }

    [Fact]
    public void Text_from_the_cluster_is_cleaned_and_capped_and_so_is_its_number()
    {
        var probe = FakeDriver.Reachable("ns-1");
        var noisy = probe with
        {
            Conditions =
            [
                .. probe.Conditions,
                new ProbedCondition("Noisy", ConditionStatus.False, "code", "\u001b[31mred\n" + new string('ä', 2000)),
                .. Enumerable.Range(0, 100).Select(i => new ProbedCondition($"Extra{i}", ConditionStatus.True)),
            ],
        };

        var readiness = New().Probed(noisy, At(0));

        var message = Assert.Single(readiness.Conditions, c => c.Type == "Noisy").Message;
        Assert.StartsWith(" [31mred ä", message, StringComparison.Ordinal);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(message), 1020, 1024);
        Assert.Equal(64, readiness.Conditions.Length);
    }
}
