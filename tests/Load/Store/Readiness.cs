using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Store;

/// <summary>Waits until providers have a status.</summary>
internal static class Readiness
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    public static async Task Await(
        GrpcChannel channel,
        Metadata headers,
        IEnumerable<string> names,
        TimeProvider time,
        CancellationToken ct,
        ProviderStatus status = ProviderStatus.Ready
    )
    {
        var providers = new ProviderService.ProviderServiceClient(channel);
        var started = time.GetTimestamp();
        foreach (var name in names)
        {
            while (true)
            {
                var request = new GetProviderRequest { Provider = name };
                var provider = (await providers.GetProviderAsync(request, headers, cancellationToken: ct)).Provider;
                if (provider.Status == status)
                    break;
                if (time.GetElapsedTime(started) > Limits.Attach)
                    throw new LoadException(
                        $"provider \"{name}\" is {provider.Status} {provider.StatusCode}, not {status}, though its agent is attached."
                    );
                await Task.Delay(Between, time, ct);
            }
        }
    }
}
