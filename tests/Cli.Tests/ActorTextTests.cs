using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests;

public sealed class ActorTextTests
{
    [Theory]
    [InlineData(ActorKind.User, "admin", "admin")]
    [InlineData(ActorKind.User, "agent:smith", "agent:smith")]
    [InlineData(ActorKind.Agent, "agent:0198c1de000070008000000000000001", "agent")]
    [InlineData(ActorKind.ControlPlane, "restore", "restore")]
    [InlineData(ActorKind.Unspecified, "agent:0198c1de000070008000000000000001", "agent")]
    [InlineData(ActorKind.Unspecified, "admin", "admin")]
    [InlineData(ActorKind.Unspecified, "", "-")]
    public void Who_it_was_is_told_by_its_kind_and_by_a_word_of_old_control_planes(
        ActorKind kind,
        string actor,
        string shown
    ) => Assert.Equal(shown, ActorText.Who(kind, actor));
}
