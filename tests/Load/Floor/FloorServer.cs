using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Coder.Mesh.Load.Floor;

/// <summary>A bare Grpc.AspNetCore server on loopback, with Kestrel's defaults but for the protocol.</summary>
internal sealed class FloorServer(WebApplication app) : IAsyncDisposable
{
    public Uri Address { get; } = Bound(app);

    /// <param name="port">0 takes a free one.</param>
    /// <param name="ct">Stops the start.</param>
    public static async Task<FloorServer> Start(int port, CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2)
        );
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.MapGrpcService<FloorService>();
        try
        {
            await app.StartAsync(ct);
        }
        catch (IOException e)
        {
            await app.DisposeAsync();
            throw new LoadException($"--port: can't listen on 127.0.0.1:{port} ({e.Message}); take another, or 0.");
        }
        return new FloorServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    private static Uri Bound(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
        return new Uri(addresses!.Addresses.Single());
    }
}
