using Coder.Mesh.Protocol.Network;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Protocol.Client;

/// <summary>
/// A control plane's API. One for the whole process: it is safe for many threads, and keeps one connection.
/// </summary>
/// <remarks>
/// Calls carry the token, a deadline and, if they write, a request id, are repeated while the control plane can't be
/// reached, and fail with a <see cref="MeshException"/> that says why.
/// </remarks>
public sealed class MeshClient : IDisposable
{
    // A page of providers with long condition messages passes gRPC's default of 4 MiB.
    private const int MaxMessage = 64 * 1024 * 1024;

    private readonly GrpcChannel _channel;
    private readonly TimeProvider _time;

    /// <param name="options">Read once.</param>
    /// <param name="time">The system's clock if null.</param>
    /// <param name="logs">Where gRPC logs; nowhere if null.</param>
    /// <exception cref="MeshOptionsException">Something is missing, or not allowed.</exception>
    /// <exception cref="ProxyVariableException">A variable of the environment should name a proxy, and doesn't.</exception>
    public MeshClient(MeshClientOptions options, TimeProvider? time = null, ILoggerFactory? logs = null)
        : this(options, time, logs, Environment.GetEnvironmentVariable) { }

    /// <param name="env">Reads a variable of the environment.</param>
    /// <param name="transport">Changes how it connects, for tests.</param>
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

    /// <summary>Organizations, and the providers that they may use.</summary>
    public OrganizationService.OrganizationServiceClient Organizations { get; }

    /// <summary>Workspaces.</summary>
    public WorkspaceService.WorkspaceServiceClient Workspaces { get; }

    /// <summary>What holds for the whole deployment.</summary>
    public DeploymentService.DeploymentServiceClient Deployment { get; }

    /// <summary>Who the caller is, and the tokens that let callers in.</summary>
    public TokenService.TokenServiceClient Tokens { get; }

    /// <summary>
    /// The workspaces that the filters let through, and then each of their changes, for as long as it is read: what there
    /// is, a <see cref="WatchSynced{T}"/>, and what happens. Every version of a workspace is told once, in order. A
    /// connection that breaks is told (<see cref="WatchInterrupted{T}"/>) and made again (<see cref="WatchResumed{T}"/>).
    /// </summary>
    /// <param name="filter">
    /// All workspaces if null. With a resume token, which an earlier watch gave, it goes on from there: nothing is listed
    /// first.
    /// </param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="MeshException">The control plane refuses it.</exception>
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
    /// All providers if null. With a resume token, which an earlier watch gave, it goes on from there: nothing is listed
    /// first.
    /// </param>
    /// <param name="ct">Ends it.</param>
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
    /// All organizations if null. With a resume token, which an earlier watch gave, it goes on from there: nothing is listed
    /// first.
    /// </param>
    /// <param name="ct">Ends it.</param>
    public IAsyncEnumerable<WatchEvent<Organization>> WatchAsync(
        WatchOrganizationsRequest? filter,
        CancellationToken ct = default
    ) =>
        new ResourceWatch<Organization, WatchOrganizationsResponse>(
            new OrganizationWatchCalls(Organizations, filter?.Clone() ?? new WatchOrganizationsRequest()),
            _time
        ).Run(filter?.ResumeToken ?? "", ct);

    /// <summary>Ends its calls and watches, and closes its connection.</summary>
    public void Dispose() => _channel.Dispose();

    private static SocketsHttpHandler Handler(MeshClientOptions options, Func<string, string?> env)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // A peer that is gone without a word is found while calls or watches wait for it.
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
            // A control plane that restarts is back in seconds: looked for by default after up to two minutes.
            InitialReconnectBackoff = TimeSpan.FromSeconds(0.25),
            MaxReconnectBackoff = TimeSpan.FromSeconds(2),
            MaxReceiveMessageSize = MaxMessage,
            // Checked when the options are: plain text goes to this machine only, or where the caller says so.
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

    // A line end, which a file has as a rule, would break the connection, and with it what else goes over it.
    private static string Sendable(string token) =>
        token.Length > 0 && !token.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? token
            : throw new MeshOptionsException(
                nameof(MeshClientOptions.Token),
                "must give a token: visible ASCII characters, without white space around them"
            );

    // Not what was refused: only what found nobody, or nobody who could.
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
