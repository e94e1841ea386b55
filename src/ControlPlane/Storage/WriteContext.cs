using Coder.Mesh.ControlPlane.Base;
using Google.Protobuf;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Who writes, and how a repetition of the same call is known.</summary>
/// <param name="Method">The called method's full name.</param>
/// <param name="RequestId">The caller's own id of the call; empty if it gave none.</param>
/// <param name="Request">What is compared with the first call of that id.</param>
internal sealed record WriteContext(string Actor, string Method = "", string RequestId = "", IMessage? Request = null)
{
    /// <summary>Longest request id, in UTF-16 units.</summary>
    public const int MaxRequestId = 128;
}

internal static class WriteFields
{
    public static Fields RequestId(this Fields fields, string requestId) =>
        fields.Text("request_id", requestId, WriteContext.MaxRequestId);

    public static Fields Etag(this Fields fields, string etag) =>
        etag.Length == 0 || int.TryParse(etag, System.Globalization.CultureInfo.InvariantCulture, out _)
            ? fields
            : fields.Violated("etag", "must be the etag of an earlier answer");

    /// <returns>Why the resource is no longer as the caller saw it; null if it is, or the caller doesn't care.</returns>
    public static Error? Stale(string etag, int version) =>
        etag.Length == 0 || etag == version.ToString(System.Globalization.CultureInfo.InvariantCulture)
            ? null
            : new Error(
                ErrorKind.Aborted,
                Protocol.ErrorReasons.EtagMismatch,
                "It was changed after you read it; read it again, then decide again."
            );
}
