using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Rendering;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.Cli.Errors;

/// <summary>Turns what a call ended with into a failure: message, reason, fields, tips and exit code.</summary>
internal static class RpcFailures
{
    public static Failure From(RpcException error, ControlPlane target)
    {
        var rich = error.GetRpcStatus();
        var noAnswer = error.StatusCode == StatusCode.DeadlineExceeded && rich is null;
        return noAnswer ? NoAnswer(target)
            : TransportFailures.From(error, target) is { } transport ? transport
            : error.StatusCode == StatusCode.Unimplemented ? UnknownCall(target)
            : Answered(error, rich, target);
    }

    private static Failure Answered(RpcException error, Google.Rpc.Status? rich, ControlPlane target)
    {
        var message = string.IsNullOrWhiteSpace(rich?.Message) ? error.Status.Detail : rich.Message;
        var reason = rich?.GetDetail<ErrorInfo>()?.Reason;
        return new Failure(
            string.IsNullOrWhiteSpace(message) ? $"the control plane answered {error.StatusCode}" : message,
            ExitCode(error.StatusCode)
        )
        {
            Reason = string.IsNullOrEmpty(reason) ? null : reason,
            Details = Details(rich),
            Tips = Tips.For(reason, error.StatusCode, target),
        };
    }

    private static int ExitCode(StatusCode code) =>
        code switch
        {
            StatusCode.Unauthenticated or StatusCode.PermissionDenied => ExitCodes.NotPermitted,
            StatusCode.NotFound => ExitCodes.NotFound,
            StatusCode.FailedPrecondition or StatusCode.AlreadyExists or StatusCode.Aborted => ExitCodes.Refused,
            StatusCode.InvalidArgument or StatusCode.OutOfRange => ExitCodes.InvalidArgument,
            StatusCode.Unavailable or StatusCode.DeadlineExceeded => ExitCodes.Unreachable,
            _ => ExitCodes.Unexpected,
        };

    private static List<string> Details(Google.Rpc.Status? rich)
    {
        var fields = rich?.GetDetail<BadRequest>()?.FieldViolations ?? [];
        var rules = rich?.GetDetail<PreconditionFailure>()?.Violations ?? [];
        return
        [
            .. fields.Select(f => $"field {f.Field}: {f.Description}"),
            .. rules.Select(v => string.IsNullOrEmpty(v.Subject) ? v.Description : $"{v.Subject}: {v.Description}"),
        ];
    }

    private static Failure NoAnswer(ControlPlane target) =>
        new(
            $"the control plane at {target.Origin} did not answer within {Text.Span(target.RequestTimeout)}",
            ExitCodes.Unreachable
        )
        {
            Tips =
            [
                "it may be busy, or a firewall swallows the traffic; what was asked for may have been done all the same",
                "check the address in --address or MESH_ADDRESS, or wait longer with --request-timeout 1m",
            ],
        };

    private static Failure UnknownCall(ControlPlane target) =>
        new($"the control plane at {target.Origin} does not know this call", ExitCodes.Unexpected)
        {
            Tips = ["it may be older than this mesh; compare its version with `mesh version`"],
        };
}
