using Coder.Mesh.Agent.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Agents;

internal static class FrameStream
{
    /// <summary>Reads the next frame, and cleans its texts.</summary>
    /// <exception cref="ProtocolException">The message is not a frame, or too large.</exception>
    public static async Task<bool> MoveNextFrame(this IAsyncStreamReader<ConnectRequest> requests, CancellationToken ct)
    {
        try
        {
            if (!await requests.MoveNext(ct))
                return false;
            FrameTexts.Clean(requests.Current);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            throw new ProtocolException("frame: must be a ConnectRequest in protobuf's encoding");
        }
        catch (RpcException e)
        {
            throw new ProtocolException($"frame: {e.Status.Detail}");
        }
    }
}
