using Coder.Mesh.Protocol.Client;
using Grpc.Core;

namespace Coder.Mesh.Protocol.Tests.Client;

public sealed class MeshExceptionTests
{
    [Fact]
    public void Details_that_are_none_leave_the_status()
    {
        var trailers = new Metadata { { "grpc-status-details-bin", [0xff, 0xff] } };

        var failure = MeshException.From(new RpcException(new Status(StatusCode.Aborted, "by a proxy"), trailers));

        Assert.Equal(("by a proxy", ""), (failure.Message, failure.Reason));
        Assert.IsType<MeshConflictException>(failure);
    }
}
