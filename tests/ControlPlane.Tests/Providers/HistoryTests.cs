using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

public sealed class HistoryTests
{
    [Fact]
    public void Every_event_of_a_provider_has_its_words()
    {
        var told = EventNames
            .All.Keys.Where(t => t.BaseType == typeof(ProviderEvent) || t.BaseType == typeof(PresenceEvent))
            .ToList();

        Assert.NotEmpty(told);
        Assert.All(told, type => Assert.NotEmpty(HistoryText.Of(Make(type))));
    }

    [Theory]
    [InlineData("12.7", 12, 7)]
    [InlineData("0.1", 0, 1)]
    public void A_page_token_is_a_position(string text, long provider, long presence)
    {
        var position = new HistoryPosition(provider, presence);

        Assert.Equal(Paging.Token(text), position.ToToken());
        Assert.Equal(position, HistoryPosition.Parse(position.ToToken()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2.3")]
    [InlineData("-1.2")]
    [InlineData("a.b")]
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
                    : p.ParameterType == typeof(System.Collections.Immutable.ImmutableArray<Condition>)
                        ? (object)System.Collections.Immutable.ImmutableArray<Condition>.Empty
                    : Activator.CreateInstance(p.ParameterType)!
                ),
        ]);
    }
}
