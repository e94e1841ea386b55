using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Coder.Mesh.Protocol.Client;
using Grpc.Core;

namespace Coder.Mesh.Cli.CallFailures;

/// <summary>Converts the error of a call to a failure with message, reason, fields, tips and exit code.</summary>
internal static class RpcFailures
{
    public static Failure From(RpcException error, ControlPlane target, Subject subject)
    {
        var said = error as MeshException;
        var noAnswer = error.StatusCode == StatusCode.DeadlineExceeded && said is not { Reason.Length: > 0 };
        return noAnswer ? NoAnswer(target)
            : TransportFailures.From(error, target) is { } transport ? transport
            : error.StatusCode == StatusCode.Unimplemented ? UnknownCall(target)
            : Answered(error, said, target, subject);
    }

    private static Failure Answered(RpcException error, MeshException? said, ControlPlane target, Subject subject)
    {
        var fields = said?.Fields ?? [];
        var rules = said?.Violations ?? [];
        if (said?.Reason == ErrorReasons.PlacementRefused && rules.Count > 0)
            return PlacementFailures.From(rules, said.Metadata, subject);

        var reason = said is { Reason.Length: > 0 } ? said.Reason : null;
        return new Failure(Headline(error.Status.Detail, fields, error.StatusCode), ExitCode(error.StatusCode))
        {
            Reason = reason,
            Details =
            [
                .. fields.Select(f => $"field {f.Field}: {f.Rule}"),
                .. rules.Select(v => v.Subject.Length == 0 ? v.Description : $"{v.Subject}: {v.Description}"),
            ],
            Tips = Tips.For(reason, error.StatusCode, target, subject),
        };
    }

    // A message that only joins the rules of the fields is shown as one line for each.
    private static string Headline(string? message, IReadOnlyList<FieldRule> fields, StatusCode code) =>
        string.IsNullOrWhiteSpace(message) ? $"the control plane returned {code}"
        : message == string.Join("; ", fields.Select(f => $"{f.Field}: {f.Rule}")) ? "the request is not valid"
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
                "it may be busy, or a firewall may drop the traffic; the request may still have been carried out",
                $"check the address (from {target.AddressOrigin}), or wait longer with --request-timeout 1m",
            ],
        };

    private static Failure UnknownCall(ControlPlane target) =>
        new($"the control plane at {target.Origin} does not support this call", ExitCodes.Unexpected)
        {
            Tips = ["it may be older than this mesh; compare its version with that of `mesh version`"],
        };
}
