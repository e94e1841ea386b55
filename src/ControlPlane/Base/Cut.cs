namespace Coder.Mesh.ControlPlane.Base;

/// <summary>Shortens text. Half of a surrogate pair would be no text any more: neither the store nor a message takes it.</summary>
internal static class Cut
{
    /// <param name="max">In UTF-16 units.</param>
    public static string To(string text, int max) =>
        text.Length <= max ? text
        : max > 0 && char.IsHighSurrogate(text[max - 1]) ? text[..(max - 1)]
        : text[..max];
}
