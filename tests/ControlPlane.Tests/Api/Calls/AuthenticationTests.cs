using System.Reflection;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Api.Calls;

public sealed class AuthenticationTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task Every_method_of_every_service_names_its_policy_or_says_that_anyone_may_call_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var endpoints = plane.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

        var open = endpoints
            .Where(e => e.Metadata.GetMetadata<IAuthorizeData>()?.Policy is null)
            .Select(e => e.RoutePattern.RawText!)
            .Where(path =>
                !path.StartsWith("/grpc.", StringComparison.Ordinal) && !path.StartsWith("/{", StringComparison.Ordinal)
            );

        // What is left are the answers to unknown services and methods.
        Assert.DoesNotContain(open, path => !path.Contains('{', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_method_of_the_API_refuses_callers_without_a_token_and_agents()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, agentToken) = await plane.CreateProvider("west", Ct);
        var methods = Methods().ToList();
        Assert.NotEmpty(methods);

        foreach (var method in methods)
        {
            Assert.Equal(
                (method.Name, StatusCode.Unauthenticated, ErrorReasons.TokenMissing),
                await Call(plane, method, [])
            );
            Assert.Equal(
                (method.Name, StatusCode.PermissionDenied, ErrorReasons.PermissionDenied),
                await Call(plane, method, new Metadata { { "authorization", $"Bearer {agentToken}" } })
            );
        }
    }

    private static IEnumerable<MethodDescriptor> Methods() =>
        typeof(Coder.Mesh.V1.ProviderServiceReflection)
            .Assembly.GetTypes()
            .Where(t =>
                t.Namespace == "Coder.Mesh.V1" && t.Name.EndsWith("ServiceReflection", StringComparison.Ordinal)
            )
            .Select(t =>
                (FileDescriptor)t.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!
            )
            .SelectMany(f => f.Services)
            .SelectMany(s => s.Methods);

    private static async Task<(string, StatusCode, string?)> Call(
        TestControlPlane plane,
        MethodDescriptor method,
        Metadata headers
    )
    {
        var raw = Marshallers.Create(static (byte[] bytes) => bytes, static bytes => bytes);
        var call = new Method<byte[], byte[]>(MethodType.Unary, method.Service.FullName, method.Name, raw, raw);
        var request = ((IMessage)Activator.CreateInstance(method.InputType.ClrType)!).ToByteArray();
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await plane
                .Channel.CreateCallInvoker()
                .AsyncUnaryCall(call, null, new CallOptions(headers, cancellationToken: Ct), request)
        );
        return (method.Name, error.StatusCode, Reason(error));
    }
}
