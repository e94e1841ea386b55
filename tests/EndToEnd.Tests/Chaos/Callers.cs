using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>
/// Those who create and change: each keeps to one workspace, and waits for an answer before it asks for more.
/// </summary>
internal sealed class Callers(TestMesh mesh, Recorder recorder)
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromMilliseconds(500);

    private int _sent;

    /// <param name="over">When it ends nothing new is begun; what is repeated until answered is still repeated.</param>
    public async Task Live(PlannedLife life, CancellationToken over, CancellationToken ct)
    {
        if (!await Passes(life.At, over))
            return;
        var created = await Send(WriteKind.Create, life.Name, "", life.Repeats, ct);
        foreach (var next in life.Then)
        {
            if (created.Acknowledgement is not { } answer || !await Passes(next.After, over))
                return;
            await Send(next.Kind, life.Name, answer.WorkspaceId, next.Repeats, ct);
        }
    }

    private static async Task<bool> Passes(TimeSpan pause, CancellationToken over)
    {
        await Task.Delay(pause, over).ContinueWith(_ => { }, TaskScheduler.Default);
        return !over.IsCancellationRequested;
    }

    private async Task<Write> Send(WriteKind kind, string name, string id, bool repeats, CancellationToken ct)
    {
        List<Attempt> attempts = [];
        var write = new Write($"r-{Interlocked.Increment(ref _sent)}", kind, name, id, attempts);
        do
        {
            if (attempts.Count > 0)
                await Task.Delay(RepeatAfter, ct);
            recorder.Sending(write);
            attempts.Add(await Attempt(write, ct));
            recorder.Note("ended", new { write.RequestId, Attempt = attempts[^1] });
        } while (repeats && attempts[^1].Verdict == Verdict.Unanswered);

        recorder.Add(write);
        return write;
    }

    private async Task<Attempt> Attempt(Write write, CancellationToken ct)
    {
        var sentAt = recorder.Now;
        try
        {
            var answer = await Call(
                write,
                new CallOptions(deadline: DateTime.UtcNow + CallLimit, cancellationToken: ct)
            );
            return new(sentAt, recorder.Now, Verdict.Acknowledged, "", answer.Id, (long)answer.Generation);
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            var reason = e.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason;
            var refused = reason is not null && e.StatusCode is not (StatusCode.Unavailable or StatusCode.Internal);
            var said = reason ?? $"{e.StatusCode}: {e.Status.Detail}";
            return new(sentAt, recorder.Now, refused ? Verdict.Refused : Verdict.Unanswered, said);
        }
    }

    private async Task<Workspace> Call(Write write, CallOptions options)
    {
        var (id, request) = (write.WorkspaceId, write.RequestId);
        return write.Kind switch
        {
            WriteKind.Create => (await mesh.Workspaces.CreateWorkspaceAsync(Request(write), options)).Workspace,
            WriteKind.Start => (
                await mesh.Workspaces.StartWorkspaceAsync(new() { Workspace = id, RequestId = request }, options)
            ).Workspace,
            WriteKind.Stop => (
                await mesh.Workspaces.StopWorkspaceAsync(new() { Workspace = id, RequestId = request }, options)
            ).Workspace,
            _ => (
                await mesh.Workspaces.DeleteWorkspaceAsync(new() { Workspace = id, RequestId = request }, options)
            ).Workspace,
        };
    }

    private static CreateWorkspaceRequest Request(Write write) =>
        new()
        {
            Name = write.Name,
            RequestId = write.RequestId,
            Spec = new WorkspaceSpec
            {
                Image = "registry.example/dev:1",
                Cpu = "10m",
                Memory = "16Mi",
                Disk = "1Gi",
            },
        };
}
