namespace Coder.Mesh.Protocol;

/// <summary>Keys of the metadata that <c>google.rpc.ErrorInfo</c> carries beside its reason.</summary>
public static class ErrorMetadata
{
    /// <summary>Of a refused placement: names of providers that would do, with commas between.</summary>
    public const string WouldDo = "would_do";
}
