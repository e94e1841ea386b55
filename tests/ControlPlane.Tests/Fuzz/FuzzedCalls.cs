using Coder.Mesh.ControlPlane.Tests.Hosting;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Fuzz;

/// <summary>Sends bytes to the methods that callers may call.</summary>
internal sealed class FuzzedCalls(TestControlPlane plane, FuzzedMessages messages, FuzzFindings findings)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(b => b, b => b);

    public static IReadOnlyList<MethodDescriptor> Methods { get; } =
    [
        .. new[]
        {
            V1.ProviderServiceReflection.Descriptor,
            V1.WorkspaceServiceReflection.Descriptor,
            V1.OrganizationServiceReflection.Descriptor,
            V1.DeploymentServiceReflection.Descriptor,
            V1.TokenServiceReflection.Descriptor,
        }
            .SelectMany(f => f.Services)
            .SelectMany(s => s.Methods),
    ];

    public async Task Send(int seed, CancellationToken ct)
    {
        var random = new Random(seed);
        var method = Methods[(int)((uint)seed % Methods.Count)];
        var input = messages.Next(random, method.InputType);
        var deadline = DateTime.UtcNow + Limit;
        var options = new CallOptions(plane.Admin, deadline, ct);
        try
        {
            if (method.IsServerStreaming)
                await First(method, options, input);
            else
            {
                var call = plane.Channel.CreateCallInvoker().AsyncUnaryCall(Method(method), null, options, input);
                _ = method.OutputType.Parser.ParseFrom(await call);
            }

            findings.Answered(method.Name);
        }
        catch (RpcException e)
        {
            findings.Refused(method.Name, e, seed, input);
        }
    }

    private async Task First(MethodDescriptor method, CallOptions options, byte[] input)
    {
        using var call = plane
            .Channel.CreateCallInvoker()
            .AsyncServerStreamingCall(Method(method), null, options, input);
        await call.ResponseStream.MoveNext(options.CancellationToken);
        _ = method.OutputType.Parser.ParseFrom(call.ResponseStream.Current);
    }

    private static Method<byte[], byte[]> Method(MethodDescriptor method) =>
        new(
            method.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary,
            method.Service.FullName,
            method.Name,
            Bytes,
            Bytes
        );
}
