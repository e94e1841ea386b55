using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Errors with which watches are refused or ended.</summary>
internal static class WatchErrors
{
    public static readonly Error Expired = new(
        ErrorKind.OutOfRange,
        ErrorReasons.ResumeTokenExpired,
        "The resume token has expired, or belongs to another database. List again, and watch from the token of that list."
    );

    public static readonly Error TooSlow = new(
        ErrorKind.ResourceExhausted,
        ErrorReasons.WatchTooSlow,
        "The watch is too slow and has missed changes; resume it with the last token that you received."
    );

    public static readonly Error TooMany = new(
        ErrorKind.ResourceExhausted,
        ErrorReasons.TooManyWatches,
        "This replica has reached its limit of watches; try again later, or at another replica."
    );

    public static readonly Error Restarting = new(
        ErrorKind.Unavailable,
        ErrorReasons.ServerRestarting,
        "The control plane is restarting; resume the watch with the last token that you received."
    );

    public static Fields ResumeToken(this Fields fields, string token) =>
        token.Length == 0 || Watches.ResumeToken.Parse(token) is not null
            ? fields
            : fields.Violated("resume_token", "must be that of a list or of an earlier watch");
}
