using Coder.Mesh.Protocol.Network;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Protocol.Client;

/// <summary>
/// A client for the API of a control plane. It is thread-safe and has one connection; use one for the whole process.
/// </summary>
/// <remarks>
/// Calls have the token, a deadline and, for writes, a request id. They are retried while the control plane is
/// unreachable, and fail with a <see cref="MeshException"/>.
/// </remarks>
public sealed class MeshClient : IDisposable
{
    // A page of providers with long condition messages exceeds gRPC's default of 4 MiB.
    private const int MaxMessage = 64 * 1024 * 1024;

    private readonly GrpcChannel _channel;
    private readonly TimeProvider _time;

    /// <param name="options">The options, which are read once.</param>
    /// <param name="time">The clock; that of the system if null.</param>
    /// <param name="logs">Loggers for gRPC; none if null.</param>
    /// <exception cref="MeshOptionsException">An option is missing or not valid.</exception>
    /// <exception cref="ProxyVariableException">A proxy variable of the environment is not valid.</exception>
    public MeshClient(MeshClientOptions options, TimeProvider? time = null, ILoggerFactory? logs = null)
        : this(options, time, logs, Environment.GetEnvironmentVariable) { }

    /// <param name="env">Reads an environment variable.</param>
    /// <param name="transport">Configures the connection, for tests.</param>
    internal MeshClient(
        MeshClientOptions options,
        TimeProvider? time,
        ILoggerFactory? logs,
        Func<string, string?> env,
        Action<SocketsHttpHandler>? transport = null
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _time = time ?? TimeProvider.System;
        var handler = Handler(options, env);
        transport?.Invoke(handler);
        _channel = GrpcChannel.ForAddress(options.Address!, Channel(options, handler, logs));
        var calls = _channel.Intercept(new CallDefaults(options.CallTimeout, _time));
        Providers = new ProviderService.ProviderServiceClient(calls);
        Organizations = new OrganizationService.OrganizationServiceClient(calls);
        Workspaces = new WorkspaceService.WorkspaceServiceClient(calls);
        Deployment = new DeploymentService.DeploymentServiceClient(calls);
        Tokens = new TokenService.TokenServiceClient(calls);
    }

    /// <summary>Workspace providers.</summary>
    public ProviderService.ProviderServiceClient Providers { get; }

    /// <summary>Organizations, and the providers that they can use.</summary>
    public OrganizationService.OrganizationServiceClient Organizations { get; }

    /// <summary>Workspaces.</summary>
    public WorkspaceService.WorkspaceServiceClient Workspaces { get; }

    /// <summary>Settings and versions of the deployment.</summary>
    public DeploymentService.DeploymentServiceClient Deployment { get; }

    /// <summary>The caller, and API tokens.</summary>
    public TokenService.TokenServiceClient Tokens { get; }

    /// <summary>
    /// Watches the workspaces that match the filter: first the existing ones, then a <see cref="WatchSynced{T}"/>, then
    /// each change. Each version of a workspace is reported once, in order. An interrupted connection is reported
    /// (<see cref="WatchInterrupted{T}"/>) and established again (<see cref="WatchResumed{T}"/>).
    /// </summary>
    /// <param name="filter">
    /// All workspaces if null. With the resume token of an earlier watch, the watch continues from there, without
    /// reporting existing ones.
    /// </param>
    /// <param name="ct">Ends the watch.</param>
    /// <exception cref="MeshException">The control plane refused the watch.</exception>
    public IAsyncEnumerable<WatchEvent<Workspace>> WatchAsync(
        WatchWorkspacesRequest? filter = null,
        CancellationToken ct = default
    ) =>
        new ResourceWatch<Workspace, WatchWorkspacesResponse>(
            new WorkspaceWatchCalls(Workspaces, filter?.Clone() ?? new WatchWorkspacesRequest()),
            _time
        ).Run(filter?.ResumeToken ?? "", ct);

    /// <inheritdoc cref="WatchAsync(WatchWorkspacesRequest?, CancellationToken)"/>
    /// <param name="filter">
    /// All providers if null. With the resume token of an earlier watch, the watch continues from there, without
    /// reporting existing ones.
    /// </param>
    /// <param name="ct">Ends the watch.</param>
    public IAsyncEnumerable<WatchEvent<Provider>> WatchAsync(
        WatchProvidersRequest? filter,
        CancellationToken ct = default
    ) =>
        new ResourceWatch<Provider, WatchProvidersResponse>(
            new ProviderWatchCalls(Providers, filter?.Clone() ?? new WatchProvidersRequest()),
            _time
        ).Run(filter?.ResumeToken ?? "", ct);

    /// <inheritdoc cref="WatchAsync(WatchWorkspacesRequest?, CancellationToken)"/>
    /// <param name="filter">
    /// All organizations if null. With the resume token of an earlier watch, the watch continues from there, without
    /// reporting existing ones.
    /// </param>
    /// <param name="ct">Ends the watch.</param>
    public IAsyncEnumerable<WatchEvent<Organization>> WatchAsync(
        WatchOrganizationsRequest? filter,
        CancellationToken ct = default
    ) =>
        new ResourceWatch<Organization, WatchOrganizationsResponse>(
            new OrganizationWatchCalls(Organizations, filter?.Clone() ?? new WatchOrganizationsRequest()),
            _time
        ).Run(filter?.ResumeToken ?? "", ct);

    /// <summary>Ends calls and watches, and closes the connection.</summary>
    public void Dispose() => _channel.Dispose();

    private static SocketsHttpHandler Handler(MeshClientOptions options, Func<string, string?> env)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // Detects a lost peer while calls or watches wait for it.
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            EnableMultipleHttp2Connections = true,
        };
        handler.UseProxyFor(options.Address!, env);
        return handler;
    }

    private static GrpcChannelOptions Channel(
        MeshClientOptions options,
        SocketsHttpHandler handler,
        ILoggerFactory? logs
    )
    {
        var token = options.Token!;
        var credentials = CallCredentials.FromInterceptor(
            async (context, metadata) =>
                metadata.Add(
                    "authorization",
                    $"Bearer {Sendable(await token(context.CancellationToken).ConfigureAwait(false))}"
                )
        );
        return new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            // A control plane restarts within seconds; the default backoff is up to two minutes.
            InitialReconnectBackoff = TimeSpan.FromSeconds(0.25),
            MaxReconnectBackoff = TimeSpan.FromSeconds(2),
            MaxReceiveMessageSize = MaxMessage,
            // Checked with the options: plain text is used only for loopback, or if explicitly allowed.
            Credentials = ChannelCredentials.Create(
                options.Address!.Scheme == "https" ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure,
                credentials
            ),
            UnsafeUseInsecureChannelCallCredentials = options.Address.Scheme == "http",
            MaxRetryAttempts = options.MaxAttempts,
            ServiceConfig = options.MaxAttempts == 1 ? null : Repeated(options.MaxAttempts),
            LoggerFactory = logs,
        };
    }

    // A line end, as at the end of a file, would break the connection for all calls.
    private static string Sendable(string token) =>
        token.Length > 0 && !token.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? token
            : throw new MeshOptionsException(
                nameof(MeshClientOptions.Token),
                "must return a token of visible ASCII characters, without white space"
            );

    // Only unavailability is retried, not errors of the request.
    private static ServiceConfig Repeated(int attempts) =>
        new()
        {
            MethodConfigs =
            {
                new MethodConfig
                {
                    Names = { MethodName.Default },
                    RetryPolicy = new RetryPolicy
                    {
                        MaxAttempts = attempts,
                        InitialBackoff = TimeSpan.FromSeconds(0.25),
                        MaxBackoff = TimeSpan.FromSeconds(5),
                        BackoffMultiplier = 2,
                        RetryableStatusCodes = { StatusCode.Unavailable },
                    },
                },
            },
        };
}
