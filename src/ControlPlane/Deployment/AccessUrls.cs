using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Deployment;

/// <summary>Access URLs: scheme, host and port of the control plane, and nothing else.</summary>
internal static class AccessUrls
{
    private const int MaxLength = 512;

    public static Fields AccessUrl(this Fields fields, string text)
    {
        const string Field = "access_url";
        if (text.Length == 0)
            return fields;
        if (text.Length > MaxLength)
            return fields.Violated(Field, $"must be at most {MaxLength} characters, has {text.Length}");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            return fields.Violated(Field, "must begin with https:// (or http://) and a host");
        // Not included in the message, since it may contain a password.
        if (url.UserInfo.Length > 0)
            return fields.Violated(Field, "must not have a user name or password");
        return url.PathAndQuery != "/" || url.Fragment.Length > 0
            ? fields.Violated(Field, "must not have a path: only scheme, host and port are used")
            : fields;
    }

    /// <summary>Returns the canonical form of an address.</summary>
    public static string Normalize(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) ? url.GetLeftPart(UriPartial.Authority) : text;
}
