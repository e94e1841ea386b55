using System.Reflection;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

public sealed class ActorTests
{
    [Fact]
    public void An_actor_is_read_from_what_events_carry()
    {
        Actor[] all = [new(ActorKind.User, "admin"), Actor.Agent("0198c1de000070008000000000000001"), .. Parts()];

        Assert.Equal(all, all.Select(a => Actor.Of(a.Stored)!.Value));
        Assert.Equal(
            ["admin", "agent:0198c1de000070008000000000000001", "first-start", "local", "restore"],
            all.Select(a => a.Stored)
        );
    }

    [Fact]
    public void Events_without_an_actor_have_none() => Assert.All([null, ""], stored => Assert.Null(Actor.Of(stored)));

    private static IEnumerable<Actor> Parts() =>
        typeof(Actor)
            .GetFields(BindingFlags.Static | BindingFlags.Public)
            .Where(f => f.FieldType == typeof(Actor))
            .Select(f => (Actor)f.GetValue(null)!);
}
