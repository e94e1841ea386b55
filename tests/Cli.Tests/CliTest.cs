using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests;

/// <summary>A control plane, and a `mesh` that knows its address and token.</summary>
public abstract class CliTest : IAsyncLifetime
{
    protected FakeControlPlane Server { get; private set; } = null!;

    protected MeshProcess Mesh { get; } = new(FakeControlPlane.ApiToken);

    public async ValueTask InitializeAsync()
    {
        Server = await FakeControlPlane.Start();
        Mesh.Variables["MESH_ADDRESS"] = Server.Address;
        Mesh.Variables["MESH_TOKEN"] = FakeControlPlane.ApiToken;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Mesh.Dispose();
        await Server.DisposeAsync();
    }

    /// <summary>Runs `mesh` and compares all that it says to the kept file of that name.</summary>
    protected async Task<MeshRun> Check(string name, params string[] arguments)
    {
        var run = await Mesh.Run(arguments);
        Expected.Match(
            name,
            Expected.Transcript(arguments, run, (Server.Address, "http://<server>"), (Mesh.Home, "<home>"))
        );
        return run;
    }
}
