using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Protocol.Tests.Client;

public sealed class CallDefaultsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Invoker _invoker = new();
    private readonly WorkspaceService.WorkspaceServiceClient _workspaces;

    public CallDefaultsTests() =>
        _workspaces = new(_invoker.Intercept(new CallDefaults(TimeSpan.FromSeconds(30), _time)));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_that_is_sent_twice_is_two_requests()
    {
        var stop = new StopWorkspaceRequest { Workspace = "dev" };

        await _workspaces.StopWorkspaceAsync(stop, cancellationToken: Ct);
        await _workspaces.StopWorkspaceAsync(stop, cancellationToken: Ct);

        Assert.Equal("", stop.RequestId);
        Assert.Equal(2, _invoker.Sent.Cast<StopWorkspaceRequest>().Select(r => r.RequestId).Distinct().Count());
        Assert.DoesNotContain(_invoker.Sent, r => r is StopWorkspaceRequest { RequestId: "" });
    }

    [Fact]
    public async Task The_request_id_of_the_caller_stays()
    {
        await _workspaces.StopWorkspaceAsync(new() { Workspace = "dev", RequestId = "mine" }, cancellationToken: Ct);

        Assert.Equal("mine", Assert.IsType<StopWorkspaceRequest>(Assert.Single(_invoker.Sent)).RequestId);
    }

    [Fact]
    public void A_call_that_blocks_has_request_id_deadline_and_typed_failure_too()
    {
        _workspaces.StopWorkspace(new() { Workspace = "dev" }, cancellationToken: Ct);
        _invoker.Failure = new Status(StatusCode.NotFound, "");
        Assert.Throws<MeshNotFoundException>(() => _workspaces.GetWorkspace(new(), cancellationToken: Ct));

        Assert.NotEqual("", Assert.IsType<StopWorkspaceRequest>(_invoker.Sent[0]).RequestId);
        Assert.All(_invoker.Deadlines, d => Assert.Equal(_time.GetUtcNow().UtcDateTime.AddSeconds(30), d));
    }

    [Fact]
    public async Task The_deadline_of_the_caller_stays()
    {
        var deadline = _time.GetUtcNow().UtcDateTime.AddHours(1);

        await _workspaces.ListWorkspacesAsync(new(), deadline: deadline, cancellationToken: Ct);

        Assert.Equal([deadline], _invoker.Deadlines);
    }

    /// <summary>Keeps what is sent, and answers with an empty message or a failure.</summary>
    private sealed class Invoker : CallInvoker
    {
        public List<object> Sent { get; } = [];

        public List<DateTime?> Deadlines { get; } = [];

        public Status? Failure { get; set; }

        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            string? host,
            CallOptions options,
            TRequest request
        )
        {
            Sent.Add(request);
            Deadlines.Add(options.Deadline);
            return Failure is { } failure ? throw new RpcException(failure) : Activator.CreateInstance<TResponse>();
        }

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            string? host,
            CallOptions options,
            TRequest request
        ) =>
            new(
                Task.FromResult(BlockingUnaryCall(method, host, options, request)),
                Task.FromResult(new Metadata()),
                () => Status.DefaultSuccess,
                () => [],
                () => { }
            );

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            string? host,
            CallOptions options,
            TRequest request
        ) => throw new NotSupportedException();

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            string? host,
            CallOptions options
        ) => throw new NotSupportedException();

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            string? host,
            CallOptions options
        ) => throw new NotSupportedException();
    }
}
