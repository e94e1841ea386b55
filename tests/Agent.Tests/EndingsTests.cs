using Coder.Mesh.Agent.Connection;
using Grpc.Core;

namespace Coder.Mesh.Agent.Tests;

public sealed class EndingsTests
{
    public static TheoryData<Exception> OfAWriteWhoseCallIsOver =>
        [
            new RpcException(new Status(StatusCode.Unavailable, "gone")),
            new InvalidOperationException("Can't write the message because the call is complete."),
            new ObjectDisposedException("call"),
            // What a killed server left the load tool's agents with, now and then.
            new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely."),
        ];

    [Theory]
    [MemberData(nameof(OfAWriteWhoseCallIsOver))]
    public void A_write_that_fails_because_its_call_is_over_is_no_fault_of_the_agent(Exception e) =>
        Assert.True(Endings.AreToldByReading(e));

    [Fact]
    public void A_bug_is_one() => Assert.False(Endings.AreToldByReading(new NotSupportedException()));
}
