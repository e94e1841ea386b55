using Coder.Mesh.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The channel to a control plane and the services on it.</summary>
internal sealed class MeshClient : IDisposable
{
    // A page of providers with long condition messages passes gRPC's default of 4 MiB.
    private const int MaxMessage = 64 * 1024 * 1024;

    private readonly GrpcChannel _channel;

    public MeshClient(ControlPlane target, string token, TimeProvider time)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            // A proxy from the environment is for the outside.
            UseProxy = !Address.IsLoopback(target.Address),
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        _channel = GrpcChannel.ForAddress(
            target.Address,
            new GrpcChannelOptions
            {
                HttpHandler = handler,
                DisposeHttpClient = true,
                MaxReceiveMessageSize = MaxMessage,
            }
        );
        var calls = _channel.Intercept(new CallDefaults(token, target.RequestTimeout, time));
        Providers = new ProviderService.ProviderServiceClient(calls);
        Organizations = new OrganizationService.OrganizationServiceClient(calls);
        Workspaces = new WorkspaceService.WorkspaceServiceClient(calls);
        Deployment = new DeploymentService.DeploymentServiceClient(calls);
    }

    public ProviderService.ProviderServiceClient Providers { get; }

    public OrganizationService.OrganizationServiceClient Organizations { get; }

    public WorkspaceService.WorkspaceServiceClient Workspaces { get; }

    public DeploymentService.DeploymentServiceClient Deployment { get; }

    public void Dispose() => _channel.Dispose();

    /// <summary>Gives each call its token and its deadline, and each write its request id.</summary>
    private sealed class CallDefaults(string token, TimeSpan timeout, TimeProvider time) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation
        )
        {
            Identify(request);
            var options = context
                .Options.WithHeaders(new Metadata { { "authorization", $"Bearer {token}" } })
                .WithDeadline(time.GetUtcNow().UtcDateTime + timeout);
            return continuation(
                request,
                new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, options)
            );
        }

        // Once per call and above the channel: what is sent again below, after a connection broke, is the same request.
        private static void Identify(object request)
        {
            if (
                request is IMessage message
                && message.Descriptor.FindFieldByName("request_id") is { } field
                && field.Accessor.GetValue(message) is ""
            )
                field.Accessor.SetValue(message, Guid.NewGuid().ToString("n"));
        }
    }
}
