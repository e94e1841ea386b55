using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Errors with which watches are refused or ended.</summary>
internal static class WatchErrors
{
    public static readonly Error Expired = new(
        ErrorKind.OutOfRange,
        ErrorReasons.ResumeTokenExpired,
        "The resume token is too old, or of another database: list again, and watch from that list's token."
    );

    public static readonly Error TooSlow = new(
        ErrorKind.ResourceExhausted,
        ErrorReasons.WatchTooSlow,
        "The watch has fallen too far behind what happens; resume it with the last token that was read."
    );

    public static readonly Error TooMany = new(
        ErrorKind.ResourceExhausted,
        ErrorReasons.TooManyWatches,
        "This replica has as many watches as it takes; try again later, or at another one."
    );

    public static readonly Error Restarting = new(
        ErrorKind.Unavailable,
        ErrorReasons.ServerRestarting,
        "The control plane restarts; resume the watch with the last token that was read."
    );

    public static Fields ResumeToken(this Fields fields, string token) =>
        token.Length == 0 || Watches.ResumeToken.Parse(token) is not null
            ? fields
            : fields.Violated("resume_token", "must be that of a list or of an earlier watch");
}
