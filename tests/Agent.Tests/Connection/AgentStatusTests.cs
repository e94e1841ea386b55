using Coder.Mesh.Agent.Connection;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Agent.Tests.Connection;

public sealed class AgentStatusTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Loop_without_a_sign_for_two_minutes_is_not_live()
    {
        var status = new AgentStatus(_time);
        _time.Advance(TimeSpan.FromSeconds(119));
        Assert.Null(status.NotLive);

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("the connect loop has given no sign for 120 s", status.NotLive);
    }

    [Fact]
    public void Bad_attempts_and_frames_are_signs_of_life()
    {
        var status = new AgentStatus(_time);
        _time.Advance(TimeSpan.FromSeconds(100));
        status.Detached(new DisconnectReason(DisconnectKind.Lost, "Unavailable", "refused"));
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.Null(status.NotLive);
        status.RecordActivity();
        _time.Advance(TimeSpan.FromSeconds(100));

        Assert.Null(status.NotLive);
    }
}
