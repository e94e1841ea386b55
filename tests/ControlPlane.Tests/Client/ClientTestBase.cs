using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.Tests.Support.Postgres;

namespace Coder.Mesh.ControlPlane.Tests.Client;

/// <summary>The client library against a real control plane.</summary>
public abstract class ClientTestBase(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    internal static MeshClient Client(TestControlPlane plane, string? address = null, int maxAttempts = 10) =>
        new(
            new MeshClientOptions
            {
                Address = new Uri(address ?? plane.GrpcAddress),
                Token = _ => ValueTask.FromResult(plane.AdminToken),
                MaxAttempts = maxAttempts,
            }
        );

    /// <summary>Reads until an event is wanted. The limit says only that it never came.</summary>
    internal static async Task<List<WatchEvent<T>>> Until<T>(
        IAsyncEnumerator<WatchEvent<T>> events,
        Predicate<WatchEvent<T>> last
    )
    {
        var read = new List<WatchEvent<T>>();
        do
        {
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), Ct));
            read.Add(events.Current);
        } while (!last(events.Current));
        return read;
    }
}
