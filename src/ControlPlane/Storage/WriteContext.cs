using System.Diagnostics;
using Coder.Mesh.ControlPlane.Base;
using Google.Protobuf;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>The author of a write, and what identifies a repetition of the same call.</summary>
/// <param name="Method">Full name of the called method.</param>
/// <param name="RequestId">The caller's id of the call; empty if not given.</param>
/// <param name="Request">Compared with the first call with that id.</param>
internal sealed record WriteContext(string Actor, string Method = "", string RequestId = "", IMessage? Request = null)
{
    /// <summary>Maximum length of a request id, in UTF-16 code units.</summary>
    public const int MaxRequestId = 128;

    /// <summary>Id of the trace of the call; null if there is none.</summary>
    public string? Trace { get; init; } = Activity.Current?.RootId;
}

internal static class WriteFields
{
    public static Fields RequestId(this Fields fields, string requestId) =>
        fields.Text("request_id", requestId, WriteContext.MaxRequestId);

    public static Fields Etag(this Fields fields, string etag) =>
        etag.Length == 0 || int.TryParse(etag, System.Globalization.CultureInfo.InvariantCulture, out _)
            ? fields
            : fields.Violated("etag", "must be the etag of an earlier response");

    /// <returns>
    /// An error if the resource has changed since the caller read it; null if it has not, or no etag is given.
    /// </returns>
    public static Error? Stale(string etag, int version) =>
        etag.Length == 0 || etag == version.ToString(System.Globalization.CultureInfo.InvariantCulture)
            ? null
            : new Error(
                ErrorKind.Aborted,
                Protocol.ErrorReasons.EtagMismatch,
                "The resource has changed since you read it. Read it again, and retry with the new etag."
            );
}
