using System.Collections.Immutable;
using System.Reflection;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Providers;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Tests.History;

public sealed class HistoryTests
{
    [Fact]
    public void Every_stored_event_but_those_of_workspaces_has_a_text_that_shows_no_internal_name()
    {
        var told = EventNames.All.Where(n => n.Key.BaseType != typeof(WorkspaceEvent)).ToList();

        Assert.NotEmpty(told);
        Assert.All(
            told,
            n =>
            {
                var text = HistoryText.Of(Make(n.Key), HistoryState.Unknown, HistoryNames.None);
                Assert.NotEmpty(text);
                AssertForPeople(text, n);
            }
        );
    }

    [Fact]
    public void Every_end_of_a_session_has_words_of_its_own()
    {
        var ends = Enum.GetValues<SessionEnd>().Where(e => e != SessionEnd.None).Select(e => e.Tag()).ToList();
        var words = ends.Select(DisconnectReasons.Words).ToList();

        Assert.Equal(ends.Count, words.Distinct().Count());
        Assert.All(ends, end => Assert.NotEqual(end.Replace('_', ' '), DisconnectReasons.Words(end)));
        Assert.DoesNotContain(words, w => w.Contains('_', StringComparison.Ordinal));
        Assert.Equal("moved to mars", DisconnectReasons.Words("moved_to_mars"));
    }

    [Fact]
    public void A_history_says_from_what_to_what()
    {
        var at = DateTimeOffset.UnixEpoch;
        var details = new ProviderDetails { Region = "eu", MaxWorkspaces = 1 };
        var more = details with
        {
            Region = "us",
            MaxWorkspaces = 2,
            StorageClass = "fast",
            Workspaces = new WorkspaceDetails
            {
                NodeSelector = ImmutableSortedDictionary.Create<string, string>().Add("gpu", "yes"),
            },
        };
        var down = new Condition("ClusterReachable", ConditionStatus.False, "cluster_unreachable", "timed out");
        var agent = new AgentIdentity("i", "1.0", "uid1", "ns", "k", "d");
        object[] story =
        [
            new ProviderRegistered("p", "west", ProviderKind.Remote, details, at),
            new ProviderRenamed("east"),
            new ProviderDetailsChanged(more),
            new ProviderDetailsChanged(details),
            new ProviderCordoned("disks", "me", at),
            new ProviderCordoned("fans", "me", at),
            new ProviderUncordoned(),
            new AgentConnected(1, "o", "r", agent, "t", at),
            new ConditionsReported(1, [down with { Status = ConditionStatus.True, Code = "", Message = "" }]),
            new StatusChanged(1, ProviderStatus.Ready, "", "", at),
            new ConditionsReported(1, [down]),
            new ConditionsReported(1, [down with { Message = "refused" }]),
            new StatusChanged(1, ProviderStatus.Error, "cluster_unreachable", "timed out", at),
            new AgentDisconnected(1, "connection_lost", at),
            new ClusterAccepted("uid2", "other", at),
            new AgentConnected(2, "o", "r", agent with { AgentVersion = "2.0" }, "t", at),
            new StatusChanged(2, ProviderStatus.Ready, "", "", at),
        ];

        var state = HistoryState.Unknown;
        var told = new List<string>();
        foreach (var change in story)
        {
            told.Add(HistoryText.Of(change, state, HistoryNames.None));
            state = state.After(change);
        }

        Assert.Equal(
            [
                "registered as \"west\"; region: eu; maximum: 1 workspace",
                "renamed: \"west\" → \"east\"",
                "details changed: region: eu → us; storage class: none → fast; maximum: 1 workspace → 2 workspaces; node selector gpu: none → yes",
                "details changed: region: us → eu; storage class: fast → none; maximum: 2 workspaces → 1 workspace; node selector gpu: yes → none",
                "cordoned: disks",
                "cordoned for another reason: disks → fans",
                "uncordoned; it was cordoned for: fans",
                "agent 1.0 attached from namespace \"ns\", epoch 1",
                "agent reports: all conditions are true",
                "Pending → Ready",
                "agent reports: ClusterReachable: true → false (cluster_unreachable): timed out",
                "agent reports: ClusterReachable is still false (cluster_unreachable): refused",
                "Ready → Error (cluster_unreachable): timed out",
                "agent detached: its connection was lost; the agent, its machine or the network is down or suspended",
                "bound to another namespace: \"ns\", UID uid1 → \"other\", UID uid2",
                "agent 1.0 → 2.0 attached from namespace \"ns\", epoch 2",
                "Error (cluster_unreachable) → Ready",
            ],
            told
        );
    }

    [Fact]
    public void What_advises_only_is_told_when_it_changes_and_not_when_each_agent_finds_it_out_anew()
    {
        var reached = new Condition("ClusterReachable", ConditionStatus.True);
        var synced = reached with { Type = "ClockSynced" };
        var skewed = synced with { Status = ConditionStatus.False, Code = "clock_skewed", Message = "ahead" };
        var open = synced with { Status = ConditionStatus.Unknown, Code = "not_determined" };
        object[] story =
        [
            new ConditionsReported(1, [reached]),
            new ConditionsReported(1, [reached, synced]),
            new ConditionsReported(2, [reached]),
            new ConditionsReported(2, [reached, open]),
            new ConditionsReported(2, [reached, synced]),
            new ConditionsReported(2, [reached, skewed]),
            new ConditionsReported(3, [reached]),
            new ConditionsReported(3, [reached, skewed]),
            new ConditionsReported(4, [reached, open]),
            new ConditionsReported(4, [reached, synced]),
            new ConditionsReported(4, [reached with { Status = ConditionStatus.Unknown }, synced]),
            new ConditionsReported(5, [synced]),
        ];

        var state = HistoryState.Unknown;
        var told = new List<string>();
        foreach (var change in story)
        {
            told.Add(HistoryText.Of(change, state, HistoryNames.None));
            state = state.After(change);
        }

        Assert.Equal(
            [
                "agent reports: all conditions are true",
                "",
                "",
                "",
                "",
                "agent reports: ClockSynced: true → false (clock_skewed): ahead",
                "",
                "",
                "",
                "agent reports: ClockSynced: false (clock_skewed) → true",
                "agent reports: ClusterReachable: true → unknown",
                "agent reports: ClusterReachable: no longer reported",
            ],
            told
        );
    }

    [Fact]
    public void The_last_event_of_each_type_folds_to_the_same_provider_as_all_events()
    {
        var others = EventNames
            .All.Keys.Where(t => t.BaseType == typeof(ProviderEvent) && t != typeof(ProviderRegistered))
            .Select(Make)
            .ToList();
        List<object> all = [Make(typeof(ProviderRegistered)), .. others, .. others.AsEnumerable().Reverse()];
        var last = HistoryState
            .ProviderKinds.Select(kind => all.FindLastIndex(e => kind.Contains(e.GetType())))
            .Order()
            .Select(i => all[i]);

        Assert.Equal(Folded(all), Folded(last));

        static Provider Folded(IEnumerable<object> events) =>
            events.Aggregate(HistoryState.Unknown, (state, e) => state.After(e)).Provider! with
            {
                Tokens = [],
            };
    }

    [Fact]
    public void Every_detail_and_every_part_of_a_spec_has_its_change_told()
    {
        var spec = new WorkspaceSpec("image", "1", "1Gi", "1Gi", []);
        foreach (var property in Own(typeof(WorkspaceSpec)))
            Assert.Contains(Differences.Of(spec, Changed(spec with { }, property)), c => c.Length > 0);
        foreach (var property in Own(typeof(WorkspaceDetails)))
            Assert.Contains(
                Differences.Of(WorkspaceDetails.None, Changed(new WorkspaceDetails(), property)),
                c => c.Length > 0
            );
        foreach (var property in Own(typeof(ProviderDetails)).Where(p => p.PropertyType != typeof(WorkspaceDetails)))
            Assert.NotEqual(
                "details set as they were",
                HistoryText.Of(
                    new ProviderDetailsChanged(Changed(new ProviderDetails(), property)),
                    HistoryState.Unknown.After(new ProviderDetailsChanged(new ProviderDetails())),
                    HistoryNames.None
                )
            );
    }

    private static IEnumerable<PropertyInfo> Own(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is not null);

    /// <returns>What it was given, with another value of one property.</returns>
    private static T Changed<T>(T record, PropertyInfo property)
    {
        object value =
            property.PropertyType == typeof(string) ? "x"
            : property.PropertyType == typeof(int) ? 7
            : property.PropertyType == typeof(ImmutableArray<string>) ? ImmutableArray.Create("x")
            : property.PropertyType == typeof(ImmutableArray<Toleration>)
                ? ImmutableArray.Create(new Toleration("gpu", "Exists", "", "", null))
            : ImmutableSortedDictionary.Create<string, string>().Add("k", "v");
        property.SetValue(record, value);
        return record;
    }

    [Fact]
    public void Changes_of_the_default_read_from_both_sides()
    {
        var set = new DefaultProviderSet("new");
        HistoryNames Of(string subject) => new("", id => $"{id}-name", "old", subject);

        Assert.Equal(
            "made the default provider: \"old-name\" → \"new-name\"",
            HistoryText.Of(set, HistoryState.Unknown, Of("new"))
        );
        Assert.Equal(
            "no longer the default provider: \"old-name\" → \"new-name\"",
            HistoryText.Of(set, HistoryState.Unknown, Of("old"))
        );
    }

    /// <summary>
    /// Neither the name under which it is stored, nor that of its record, nor a word joined by underscores.
    /// </summary>
    internal static void AssertForPeople(string text, KeyValuePair<Type, string> stored)
    {
        Assert.DoesNotContain(stored.Key.Name, text, StringComparison.Ordinal);
        Assert.DoesNotContain(stored.Value, text, StringComparison.Ordinal);
        Assert.DoesNotContain('_', text);
    }

    [Theory]
    [InlineData("12.7.3", 12, 7, 3)]
    [InlineData("0.1.0", 0, 1, 0)]
    public void A_page_token_is_a_position(string text, long provider, long presence, long mention)
    {
        var position = new HistoryPosition(provider, presence, mention);

        Assert.Equal(Paging.Token(text), position.ToToken());
        Assert.Equal(position, HistoryPosition.Parse(position.ToToken()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2")]
    [InlineData("1.2.3.4")]
    [InlineData("-1.2.3")]
    [InlineData("a.b.c")]
    public void Anything_else_is_none(string text) => Assert.Null(HistoryPosition.Parse(Paging.Token(text)));

    /// <summary>An event with something harmless in each place.</summary>
    private static object Make(Type type)
    {
        var constructor = type.GetConstructors()[0];
        return constructor.Invoke([
            .. constructor
                .GetParameters()
                .Select(p =>
                    p.ParameterType == typeof(string) ? "x"
                    : p.ParameterType == typeof(ProviderDetails) ? new ProviderDetails()
                    : p.ParameterType == typeof(AgentIdentity) ? new AgentIdentity("i", "v", "u", "n", "k", "d")
                    : p.ParameterType == typeof(ImmutableArray<Condition>) ? (object)ImmutableArray<Condition>.Empty
                    : Activator.CreateInstance(p.ParameterType)!
                ),
        ]);
    }
}
