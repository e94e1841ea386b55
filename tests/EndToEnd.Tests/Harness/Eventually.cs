using System.Diagnostics;
using Grpc.Core;

namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>
/// Looks again and again until what is seen is as wanted, for there is no event outside of the processes to wait for.
/// </summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="look">May fail as UNAVAILABLE: that is how a control plane that restarts looks.</param>
    public static async Task<T> Is<T>(
        Func<Task<T>> look,
        Func<T, bool> wanted,
        string what,
        CancellationToken ct,
        TimeSpan? patience = null
    )
    {
        var limit = patience ?? Patience;
        var since = Stopwatch.GetTimestamp();
        object? last;
        do
        {
            try
            {
                var seen = await look();
                if (wanted(seen))
                    return seen;
                last = seen;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
            {
                last = e.Status;
            }

            await Task.Delay(Pause, ct);
        } while (Stopwatch.GetElapsedTime(since) < limit);

        throw new InvalidOperationException($"Not in {limit.TotalSeconds:0} s: {what}. Seen last: {last}");
    }
}
