using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Presence;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

public sealed class AdvisoryConditionTests
{
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Condition[] Well =
    [
        .. ConditionTypes.Required.Select(type => new Condition(type, ConditionStatus.True)),
    ];

    public static TheoryData<string, ConditionStatus> EachThatIsNotTrue { get; } =
        new(
            ConditionTypes.Advisory.SelectMany(type =>
                new[] { (type, ConditionStatus.False), (type, ConditionStatus.Unknown) }
            )
        );

    [Theory]
    [MemberData(nameof(EachThatIsNotTrue))]
    public void Advice_neither_keeps_a_provider_from_Ready_nor_takes_it_from_there(string type, ConditionStatus status)
    {
        var advice = new Condition(type, status, "some_code", "Something is to be known.");
        var pending = StatusState.From(new ProviderPresence("presence-p", "p", T0));

        var attached = StatusMachine.Step(
            pending,
            new StatusFact.Attached([.. Well, advice], TimeSpan.FromSeconds(30)),
            T0
        );
        var synced = StatusMachine.Step(attached, new StatusFact.Synced(), T0);
        var well = StatusMachine.Step(synced, new StatusFact.Reported([.. Well]), T0.AddSeconds(1));
        var advised = StatusMachine.Step(well, new StatusFact.Reported([.. Well, advice]), T0.AddSeconds(2));

        Assert.Equal((ProviderStatus.Ready, ""), (synced.Status, synced.Code));
        Assert.Equal((ProviderStatus.Ready, "", T0), (advised.Status, advised.Code, advised.StatusAt));
    }
}
