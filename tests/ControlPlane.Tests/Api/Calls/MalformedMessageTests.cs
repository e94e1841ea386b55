using System.Collections;
using System.Net.Http.Headers;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Fuzz;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Api.Calls;

/// <summary>
/// What is no message, or has values that nothing can hold, is refused as such, whichever method it is for.
/// </summary>
public sealed class MalformedMessageTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(b => b, b => b);

    public static TheoryData<string, string> Broken() =>
        new()
        {
            { "a string that is not UTF-8", "0A02C328" },
            { "a string that ends too early", "0A7F61" },
            { "a length beyond all bounds", "0AFFFFFFFF07" },
            { "a number of eleven bytes", "08FFFFFFFFFFFFFFFFFFFF01" },
            { "a field of number 0", "0001" },
            { "a group that does not end", "0B0B" },
            { "a wire type that there is not", "0F" },
        };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task What_is_no_message_is_refused_by_every_method_without_a_line_in_the_log(string what, string hex)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = await Started(plane);

        // Where the first field is no text, a string is a field that isn't known.
        foreach (var method in FuzzedCalls.Methods.Where(m => m.InputType.FindFieldByNumber(1) is { } f && IsText(f)))
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => Call(plane, method, Convert.FromHexString(hex)));
            Assert.Equal(
                (method.Name, what, StatusCode.InvalidArgument, ErrorReasons.BodyInvalid),
                (method.Name, what, error.StatusCode, Reason(error))
            );
        }

        Assert.Empty(plane.LogRecords.Skip(before).Select(l => l.Message));
    }

    [Theory]
    [InlineData("0000000064" + "0A0161")]
    [InlineData("0200000003" + "0A0161")]
    [InlineData("0000000003" + "0A0161" + "0000000003" + "0A0161")]
    [InlineData("000000")]
    [InlineData("")]
    public async Task A_stream_that_is_not_exactly_one_message_is_refused(string hex)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var answer = await Post(plane, Convert.FromHexString(hex));

        Assert.Equal("3", answer.Headers.GetValues("grpc-status").Single());
        var details = Convert.FromBase64String(Padded(answer.Headers.GetValues("grpc-status-details-bin").Single()));
        var info = Google.Rpc.Status.Parser.ParseFrom(details).Details.Single().Unpack<Google.Rpc.ErrorInfo>();
        Assert.Equal(ErrorReasons.BodyInvalid, info.Reason);
    }

    [Fact]
    public async Task A_message_over_4_MiB_is_refused_and_the_connection_goes_on()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var large = new GetProviderRequest { Provider = new string('x', 4 * 1024 * 1024) };

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Providers.GetProviderAsync(large, plane.Admin, cancellationToken: Ct)
        );

        Assert.Equal((StatusCode.InvalidArgument, ErrorReasons.BodyTooLarge), (error.StatusCode, Reason(error)));
        Assert.NotNull(await plane.Provider("built-in", Ct));
    }

    [Theory]
    [InlineData("a\0b")]
    public async Task NUL_in_any_text_of_any_request_is_refused_by_the_name_of_its_field(string text)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var checkedFields = 0;

        foreach (var method in FuzzedCalls.Methods)
        foreach (var (path, message) in WithText(method.InputType, text))
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => Call(plane, method, message.ToByteArray()));
            Assert.Equal(
                (method.Name, path, StatusCode.InvalidArgument, ErrorReasons.InvalidArgument),
                (method.Name, path, error.StatusCode, Reason(error))
            );
            Assert.Contains(path, Fields(error));
            checkedFields++;
        }

        Assert.True(checkedFields > 150, $"Only {checkedFields} fields were looked at.");
    }

    [Fact]
    public async Task Half_a_surrogate_pair_which_only_JSON_can_say_is_refused_too()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        foreach (var text in new[] { "\\ud800", "\\udc00x", "a\\u0000" })
        {
            var body = $$"""{"name": "dev", "spec": {"command": ["{{text}}"] } }""";
            var answer = await Send(plane, "POST", "/v1/workspaces", body);
            Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.Status);
            Assert.Contains(answer.Reason, new[] { ErrorReasons.InvalidArgument, ErrorReasons.BodyInvalid });
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("AA==")]
    [InlineData("YQBi")]
    [InlineData("//79")]
    [InlineData("Gw==")]
    public async Task A_page_token_that_no_list_gave_is_refused_by_every_list(string token)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var lists = FuzzedCalls.Methods.Where(m => m.InputType.FindFieldByName("page_token") is not null).ToList();
        Assert.True(lists.Count >= 7);

        foreach (var method in lists)
        {
            var message = method.InputType.Parser.ParseFrom([]);
            method.InputType.FindFieldByName("page_token").Accessor.SetValue(message, token);
            if (method.InputType.FindFieldByName("provider") is { } provider)
                provider.Accessor.SetValue(message, "built-in");
            if (method.InputType.FindFieldByName("workspace") is { } workspace)
                workspace.Accessor.SetValue(message, "dev");
            var error = await Record.ExceptionAsync(() => Call(plane, method, message.ToByteArray()));
            if (token.Length == 0)
                Assert.NotEqual(StatusCode.InvalidArgument, (error as RpcException)?.StatusCode);
            else
                Assert.Equal(["page_token"], Fields(Assert.IsType<RpcException>(error)));
        }
    }

    public static TheoryData<string, ConnectRequest> Frames()
    {
        var (late, early) = (new Timestamp { Seconds = 253_402_300_800 }, new Timestamp { Seconds = long.MinValue });
        return new()
        {
            { "heartbeat_interval", Hello(h => h.HeartbeatInterval = new Duration { Seconds = 315_576_000_001 }) },
            { "heartbeat_interval", Hello(h => h.HeartbeatInterval = new Duration { Seconds = 1, Nanos = -1 }) },
            { "since_time", Hello(h => h.Readiness.Conditions[0].SinceTime = late) },
            { "since_time", Hello(h => h.Readiness.Conditions[0].SinceTime = early) },
            { "since_time", Hello(h => h.Readiness.Conditions[0].SinceTime = new Timestamp { Nanos = -1 }) },
        };
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public async Task A_frame_with_a_time_that_is_none_breaks_the_protocol(string field, ConnectRequest frame)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);

        using var agent = TestAgent.Open(plane, token);
        await agent.Send(frame, Ct);
        var error = await agent.End(Ct);

        Assert.Equal((StatusCode.InvalidArgument, ErrorReasons.ProtocolViolation), (error.StatusCode, Reason(error)));
        Assert.Contains(field, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_in_a_heartbeat_ends_the_session_as_a_violation()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var report = TestAgent.Ready();
        report.Conditions[0].SinceTime = new Timestamp { Seconds = long.MaxValue };

        await agent.Heartbeat(Ct, report);
        var error = await agent.End(Ct);

        Assert.Equal((StatusCode.InvalidArgument, ErrorReasons.ProtocolViolation), (error.StatusCode, Reason(error)));
    }

    [Theory]
    [InlineData(-315_576_000_000, -999_999_999, true)]
    [InlineData(315_576_000_000, 999_999_999, true)]
    [InlineData(315_576_000_001, 0, false)]
    [InlineData(-315_576_000_001, 0, false)]
    [InlineData(1, -1, false)]
    [InlineData(-1, 1, false)]
    [InlineData(0, -1, true)]
    [InlineData(0, 1_000_000_000, false)]
    public void A_duration_is_one_where_it_can_be_computed_with(long seconds, int nanos, bool good)
    {
        var duration = new Duration { Seconds = seconds, Nanos = nanos };

        Assert.Equal(good, MessageRules.Violation(duration) is null);
        if (good)
            duration.ToTimeSpan();
    }

    [Theory]
    [InlineData(-62_135_596_800, 0, true)]
    [InlineData(253_402_300_799, 999_999_999, true)]
    [InlineData(-62_135_596_801, 0, false)]
    [InlineData(253_402_300_800, 0, false)]
    [InlineData(0, -1, false)]
    [InlineData(0, 1_000_000_000, false)]
    public void A_timestamp_is_one_where_it_can_be_computed_with(long seconds, int nanos, bool good)
    {
        var time = new Timestamp { Seconds = seconds, Nanos = nanos };

        Assert.Equal(good, MessageRules.Violation(time) is null);
        if (good)
            time.ToDateTimeOffset();
    }

    private static bool IsText(FieldDescriptor field) => field.FieldType == FieldType.String;

    private static ConnectRequest Hello(Action<Hello> change) => new() { Hello = TestAgent.Hello(change) };

    private static async Task Call(TestControlPlane plane, MethodDescriptor method, byte[] request)
    {
        var invoker = plane.Channel.CreateCallInvoker();
        var options = new CallOptions(plane.Admin, cancellationToken: Ct);
        if (method.IsServerStreaming)
        {
            using var call = invoker.AsyncServerStreamingCall(Method(method), null, options, request);
            await call.ResponseStream.MoveNext(Ct);
        }
        else
            await invoker.AsyncUnaryCall(Method(method), null, options, request);
    }

    private static Method<byte[], byte[]> Method(MethodDescriptor method) =>
        new(
            method.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary,
            method.Service.FullName,
            method.Name,
            Bytes,
            Bytes
        );

    /// <summary>Messages with a text in one place each: every one that there is.</summary>
    private static IEnumerable<(string Path, IMessage Message)> WithText(MessageDescriptor type, string text)
    {
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            if (field.IsMap)
            {
                yield return With(m => ((IDictionary)field.Accessor.GetValue(m)).Add(text, "value"));
                yield return With(m => ((IDictionary)field.Accessor.GetValue(m)).Add("key", text));
            }
            else if (field.FieldType == FieldType.String && field.IsRepeated)
                yield return With(m => ((IList)field.Accessor.GetValue(m)).Add(text));
            else if (field.FieldType == FieldType.String)
                yield return With(m => field.Accessor.SetValue(m, text));
            else if (field.FieldType == FieldType.Message)
                foreach (var (path, inner) in WithText(field.MessageType, text))
                {
                    var (_, message) = With(m =>
                    {
                        if (field.IsRepeated)
                            ((IList)field.Accessor.GetValue(m)).Add(inner);
                        else
                            field.Accessor.SetValue(m, inner);
                    });
                    yield return ($"{field.Name}.{path}", message);
                }

            (string, IMessage) With(Action<IMessage> set)
            {
                var message = type.Parser.ParseFrom([]);
                set(message);
                return (field.Name, message);
            }
        }
    }

    private static async Task<HttpResponseMessage> Post(TestControlPlane plane, byte[] body)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            $"{plane.GrpcAddress}/coder.mesh.v1.ProviderService/GetProvider"
        )
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", plane.AdminToken);
        return await Http.SendAsync(request, Ct);
    }

    private static string Padded(string base64) => base64.PadRight((base64.Length + 3) / 4 * 4, '=');

    /// <returns>How many lines it has written when the last of its start (id 1302, by the lease) is there.</returns>
    private static async Task<int> Started(TestControlPlane plane) =>
        (await Eventually(() => Task.FromResult(plane.LogRecords), lines => lines.Any(l => l.Id.Id == 1302))).Count;
}
