namespace Coder.Mesh.ControlPlane.Base;

/// <summary>Shortens text without splitting a surrogate pair, which neither PostgreSQL nor protobuf accepts.</summary>
internal static class Cut
{
    /// <param name="max">In UTF-16 code units.</param>
    public static string To(string text, int max) =>
        text.Length <= max ? text
        : max > 0 && char.IsHighSurrogate(text[max - 1]) ? text[..(max - 1)]
        : text[..max];
}
