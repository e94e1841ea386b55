using Coder.Mesh.Agent.V1;
using Grpc.Core;

namespace Coder.Mesh.Load.Agents;

/// <summary>Heartbeats and answers come from two sides; a stream takes one frame at a time.</summary>
internal sealed class SerialWriter(IClientStreamWriter<ConnectRequest> requests) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);

    public async Task Write(ConnectRequest frame, CancellationToken ct)
    {
        await _writing.WaitAsync(ct);
        try
        {
            await requests.WriteAsync(frame, ct);
        }
        finally
        {
            _writing.Release();
        }
    }

    public Task Complete() => requests.CompleteAsync();

    public void Dispose() => _writing.Dispose();
}
