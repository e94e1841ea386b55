using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Hosting;

public abstract class ControlPlaneTestBase(PostgresFixture postgres)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    protected PostgresFixture Postgres => postgres;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// Reads until what is read is as it should be. The limit is generous: it says only that it never came.
    /// </summary>
    protected static async Task<T> Eventually<T>(Func<Task<T>> read, Predicate<T> good)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Limit);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            var value = await read();
            if (good(value))
                return value;
            try
            {
                await pace.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"Not as expected after {Limit.TotalSeconds} s; last read: {value}");
            }
        }
    }

    internal static Task<Provider> UntilStatus(TestControlPlane plane, string provider, ProviderStatus status) =>
        Eventually(() => plane.Provider(provider, Ct), p => p.Status == status);

    internal static Task<Workspace> UntilState(TestControlPlane plane, string workspace, WorkspaceState state) =>
        Eventually(() => plane.Workspace(workspace, Ct), w => w.State == state);

    /// <summary>The reason that an error's ErrorInfo carries.</summary>
    protected static string? Reason(RpcException e) => e.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason;

    protected static IEnumerable<string> Fields(RpcException e) =>
        e.GetRpcStatus()?.GetDetail<BadRequest>()?.FieldViolations.Select(v => v.Field) ?? [];
}
