using Coder.Mesh.Cli.Connection;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.Cli.Errors;

/// <summary>Turns what a call ended with into a failure: message, reason, fields, tips and exit code.</summary>
internal static class RpcFailures
{
    public static Failure From(RpcException error, ControlPlane target)
    {
        if (error.Status.DebugException is { } cause && error.StatusCode != StatusCode.DeadlineExceeded)
            return Transport(error, cause, target);

        var rich = error.GetRpcStatus();
        var reason = rich?.GetDetail<ErrorInfo>()?.Reason;
        return error.StatusCode switch
        {
            StatusCode.DeadlineExceeded when rich is null => NoAnswer(target),
            StatusCode.Unimplemented => new Failure(
                $"the control plane at {target.Origin} does not know this call",
                ExitCodes.Unexpected
            )
            {
                Tips = ["it may be older than this mesh, or not a control plane at all; check --address"],
            },
            var code => new Failure(Message(error, rich), ExitCode(code))
            {
                Reason = string.IsNullOrEmpty(reason) ? null : reason,
                Details = Details(rich),
                Tips = Tips.For(reason, code, target),
            },
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

    private static string Message(RpcException error, Google.Rpc.Status? rich)
    {
        var message = string.IsNullOrWhiteSpace(rich?.Message) ? error.Status.Detail : rich.Message;
        return string.IsNullOrWhiteSpace(message) ? $"the control plane answered {error.StatusCode}" : message;
    }

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
            $"the control plane at {target.Origin} did not answer within {Rendering.Text.Span(target.RequestTimeout)}",
            ExitCodes.Unreachable
        )
        {
            Tips =
            [
                "it may be busy, or something between swallows the traffic; a write may have been done all the same",
                "wait longer with --request-timeout, for example --request-timeout 1m",
            ],
        };

    private static Failure Transport(RpcException error, Exception cause, ControlPlane target)
    {
        var http = Causes(cause).OfType<HttpRequestException>().FirstOrDefault();
        var message = $"cannot reach the control plane at {target.Origin}";
        // The innermost words are the system's own: "Connection refused", "Name or service not known".
        var why = $"cause: {Causes(cause).Last().Message}";
        return http?.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => Unreachable("check the host's name in --address or MESH_ADDRESS"),
            HttpRequestError.SecureConnectionError => Unreachable(
                "check that this port speaks TLS and that this machine trusts the server's certificate",
                "a control plane without TLS has an address with http://"
            ),
            HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded =>
                Unreachable(
                    "something answers there, but it does not speak gRPC",
                    "without TLS the gRPC port is 8081 and the browser's is 8080; with TLS the address has https://"
                ),
            _ => Unreachable(
                "check that the control plane runs, and the address in --address or MESH_ADDRESS",
                "without TLS the gRPC port is 8081 by default; a firewall or proxy may also be in the way"
            ),
        };

        Failure Unreachable(params string[] tips) =>
            new(message, error.StatusCode == StatusCode.Cancelled ? ExitCodes.Unexpected : ExitCodes.Unreachable)
            {
                Details = [why],
                Tips = tips,
            };
    }

    private static IEnumerable<Exception> Causes(Exception? cause)
    {
        for (; cause is not null; cause = cause.InnerException)
            yield return cause;
    }
}
