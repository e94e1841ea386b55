namespace Coder.Mesh.ControlPlane.Base;

/// <summary>Ids of resources: 32 lower-case hexadecimal digits that increase with time.</summary>
internal static class Ids
{
    public static string New(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow()).ToString("n");

    public static bool IsId(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);
}
