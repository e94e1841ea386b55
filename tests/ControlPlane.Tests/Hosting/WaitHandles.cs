namespace Coder.Mesh.ControlPlane.Tests.Hosting;

internal static class WaitHandles
{
    /// <summary>Waits for a handle without holding a thread.</summary>
    public static async Task WaitOneAsync(this WaitHandle handle, CancellationToken ct)
    {
        var set = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var registration = ThreadPool.RegisterWaitForSingleObject(
            handle,
            (_, _) => set.TrySetResult(),
            null,
            Timeout.InfiniteTimeSpan,
            executeOnlyOnce: true
        );
        try
        {
            await set.Task.WaitAsync(ct);
        }
        finally
        {
            registration.Unregister(null);
        }
    }
}
