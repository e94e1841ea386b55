namespace Coder.Mesh.Protocol;

/// <summary>Keys of the metadata that <c>google.rpc.ErrorInfo</c> carries beside its reason.</summary>
public static class ErrorMetadata
{
    /// <summary>Of a refused placement: names of providers that would do, with commas between.</summary>
    public const string WouldDo = "would_do";

    /// <summary>Of a placement refused in a region: names of providers outside it that would do, with commas between.</summary>
    public const string WouldDoElsewhere = "would_do_elsewhere";

    /// <summary>Of a placement refused in a region, with no provider named: the region.</summary>
    public const string Region = "region";
}
