using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Google.Rpc;
using Grpc.Core;
using Field = Google.Rpc.BadRequest.Types.FieldViolation;

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
        var info = rich?.GetDetail<ErrorInfo>();
        var fields = rich?.GetDetail<BadRequest>()?.FieldViolations ?? [];
        var rules = rich?.GetDetail<PreconditionFailure>()?.Violations ?? [];
        if (info?.Reason == ErrorReasons.PlacementRefused && rules.Count > 0)
            return PlacementFailures.From(rules, info.Metadata);

        var message = string.IsNullOrWhiteSpace(rich?.Message) ? error.Status.Detail : rich.Message;
        return new Failure(Headline(message, fields, error.StatusCode), ExitCode(error.StatusCode))
        {
            Reason = string.IsNullOrEmpty(info?.Reason) ? null : info.Reason,
            Details =
            [
                .. fields.Select(f => $"field {f.Field}: {f.Description}"),
                .. rules.Select(v => string.IsNullOrEmpty(v.Subject) ? v.Description : $"{v.Subject}: {v.Description}"),
            ],
            Tips = Tips.For(info?.Reason, error.StatusCode, target),
        };
    }

    // A message that is only the fields' rules, one after the other, is better read as a line each.
    private static string Headline(string? message, IReadOnlyList<Field> fields, StatusCode code) =>
        string.IsNullOrWhiteSpace(message) ? $"the control plane answered {code}"
        : message == string.Join("; ", fields.Select(f => $"{f.Field}: {f.Description}")) ? "the request is not valid"
        : message;

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

    private static Failure NoAnswer(ControlPlane target) =>
        new(
            $"the control plane at {target.Origin} did not answer within {Text.Span(target.RequestTimeout)}",
            ExitCodes.Unreachable
        )
        {
            Tips =
            [
                "it may be busy, or a firewall swallows the traffic; what was asked for may have been done all the same",
                $"check the address, which came from {target.AddressOrigin}, or wait longer with --request-timeout 1m",
            ],
        };

    private static Failure UnknownCall(ControlPlane target) =>
        new($"the control plane at {target.Origin} does not know this call", ExitCodes.Unexpected)
        {
            Tips = ["it may be older than this mesh; compare its version with `mesh version`"],
        };
}
