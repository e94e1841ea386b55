using Coder.Mesh.Protocol;

namespace Coder.Mesh.Protocol.Tests;

public sealed class ProtocolVersionTests
{
    [Theory]
    [InlineData(1, 1, 1u)]
    [InlineData(1, 9, 1u)]
    [InlineData(0, 1, 1u)]
    [InlineData(2, 9, null)]
    [InlineData(2, 1, null)]
    [InlineData(0, 0, null)]
    public void The_newest_version_that_both_speak_is_taken(uint peerMin, uint peerMax, uint? expected) =>
        Assert.Equal(expected, ProtocolVersion.Negotiate(peerMin, peerMax));
}
