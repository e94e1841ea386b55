using Coder.Mesh.Cli.Tests.Support;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.CallFailures;

public sealed class ErrorTests : CliTest
{
    [Theory]
    [InlineData(StatusCode.Unauthenticated, 3)]
    [InlineData(StatusCode.PermissionDenied, 3)]
    [InlineData(StatusCode.NotFound, 4)]
    [InlineData(StatusCode.FailedPrecondition, 5)]
    [InlineData(StatusCode.AlreadyExists, 5)]
    [InlineData(StatusCode.Aborted, 5)]
    [InlineData(StatusCode.InvalidArgument, 6)]
    [InlineData(StatusCode.OutOfRange, 6)]
    [InlineData(StatusCode.Unavailable, 7)]
    [InlineData(StatusCode.DeadlineExceeded, 7)]
    [InlineData(StatusCode.Unimplemented, 1)]
    [InlineData(StatusCode.Internal, 1)]
    [InlineData(StatusCode.Unknown, 1)]
    [InlineData(StatusCode.ResourceExhausted, 1)]
    public async Task Each_status_has_its_exit_code(StatusCode code, int exitCode)
    {
        Server.Failure = FakeControlPlane.Rich(code, "no", "");

        var run = await Mesh.Run("providers", "ls");

        Assert.Equal((exitCode, ""), (run.ExitCode, run.Stdout));
        Assert.StartsWith("error: ", run.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_field_in_error_has_its_line()
    {
        Server.Failure = FakeControlPlane.Rich(
            StatusCode.InvalidArgument,
            "name: must be an RFC 1123 label; spec.cpu: \"x\" is not a quantity",
            "INVALID_ARGUMENT",
            new BadRequest
            {
                FieldViolations =
                {
                    new BadRequest.Types.FieldViolation { Field = "name", Description = "must be an RFC 1123 label" },
                    new BadRequest.Types.FieldViolation { Field = "spec.cpu", Description = "\"x\" is not a quantity" },
                },
            }
        );

        await Check("error-fields", "workspaces", "create", "Dev", "--cpu", "x");
    }

    [Theory]
    [InlineData("error-placement", "a,b")]
    [InlineData("error-placement-nowhere", "")]
    public async Task Placement_that_is_refused_lists_each_cause_and_who_eligible_providers(
        string name,
        string eligible
    )
    {
        var causes = new PreconditionFailure();
        foreach (
            var (type, what) in new[]
            {
                ("NOT_ALLOWED", "is not allowed for organization \"acme\"."),
                ("NOT_READY", "is in Error: agent_disconnected: Nothing heard for 45 s."),
                ("CORDONED", "is cordoned: moves to new hardware"),
                ("AT_CAPACITY", "holds 200 workspaces, of at most 200."),
                ("OTHER_REGION", "is in region \"us\", not in \"eu\"."),
            }
        )
            causes.Violations.Add(
                new PreconditionFailure.Types.Violation
                {
                    Type = type,
                    Subject = "us",
                    Description = $"Provider \"us\" {what}",
                }
            );
        var status = new Google.Rpc.Status { Code = (int)StatusCode.FailedPrecondition, Message = "one long line" };
        status.Details.Add(
            Google.Protobuf.WellKnownTypes.Any.Pack(
                new ErrorInfo { Reason = "PLACEMENT_REFUSED", Metadata = { ["eligible_providers"] = eligible } }
            )
        );
        status.Details.Add(Google.Protobuf.WellKnownTypes.Any.Pack(causes));
        Server.Failure = status.ToRpcException();

        await Check(name, "workspaces", "create", "dev", "--provider", "us", "--region", "eu");
    }

    [Theory]
    [InlineData("error-placement-region", "texas,utah")]
    [InlineData("error-placement-region-nowhere", "")]
    public async Task A_region_that_is_refused_lists_the_causes_of_each_provider_and_who_eligible_elsewhere(
        string name,
        string elsewhere
    )
    {
        var causes = new PreconditionFailure();
        foreach (
            var (provider, type, what) in new[]
            {
                ("a", "NOT_ALLOWED", "is not allowed for organization \"acme\"."),
                ("b", "CORDONED", "is cordoned: moves to new hardware"),
            }
        )
            causes.Violations.Add(
                new PreconditionFailure.Types.Violation
                {
                    Type = type,
                    Subject = provider,
                    Description = $"Provider \"{provider}\" {what}",
                }
            );
        var status = new Google.Rpc.Status { Code = (int)StatusCode.FailedPrecondition, Message = "one long line" };
        status.Details.Add(
            Google.Protobuf.WellKnownTypes.Any.Pack(
                new ErrorInfo
                {
                    Reason = "PLACEMENT_REFUSED",
                    Metadata =
                    {
                        ["eligible_providers"] = "",
                        ["eligible_elsewhere"] = elsewhere,
                        ["region"] = "eu",
                    },
                }
            )
        );
        status.Details.Add(Google.Protobuf.WellKnownTypes.Any.Pack(causes));
        Server.Failure = status.ToRpcException();

        await Check(name, "workspaces", "create", "dev", "--region", "eu");
    }

    [Fact]
    public async Task Unknown_names_are_not_found()
    {
        await Check("error-provider-not-found", "providers", "show", "nowhere");
        await Check("error-workspace-not-found", "workspaces", "show", "nothing");
    }

    [Fact]
    public async Task Wrong_token_says_where_it_came_from()
    {
        Mesh.Variables["MESH_TOKEN"] = "mat_another";

        var run = await Check("error-token-wrong", "providers", "ls");

        Assert.DoesNotContain("mat_another", run.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_that_is_never_answered_ends_at_its_deadline()
    {
        Server.Hangs = true;

        await Check("error-deadline", "providers", "ls", "--request-timeout", "500ms");
    }

    [Theory]
    [InlineData("providers", "ls")]
    [InlineData("login")]
    public async Task Request_timeout_is_what_a_call_may_take(params string[] command)
    {
        var run = await Mesh.Piped(
            FakeControlPlane.ApiToken,
            [.. command, "--address", Server.Address, "--request-timeout", "5m"]
        );

        Assert.Equal(0, run.ExitCode);
        Assert.NotEmpty(Server.Patience);
        Assert.All(Server.Patience, time => Assert.InRange(time, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public async Task Details_that_make_no_sense_are_left_out()
    {
        Server.Failure = new RpcException(
            new Grpc.Core.Status(StatusCode.NotFound, "no such provider"),
            new Metadata { { "grpc-status-details-bin", [0xff, 0xff, 0xff] } }
        );

        await Check("error-unreadable-details", "providers", "show", "nowhere");
    }

    [Fact]
    public async Task After_the_first_failure_to_reach_it_the_rest_is_not_tried()
    {
        Server.Failure = FakeControlPlane.Rich(StatusCode.Unavailable, "no database", "STORE_UNAVAILABLE");

        await Check("error-rm-unavailable", "providers", "rm", "a", "b", "c", "--yes");
    }

    [Fact]
    public async Task A_failure_of_one_name_alone_does_not_hide_that_the_rest_can_not_be_reached()
    {
        Server.Failure = FakeControlPlane.Rich(StatusCode.Unavailable, "no database", "STORE_UNAVAILABLE");
        Server.AnsweredBefore = 1;

        await Check("error-rm-not-found-unavailable", "providers", "rm", "nowhere", "b", "c", "--yes");
    }
}
