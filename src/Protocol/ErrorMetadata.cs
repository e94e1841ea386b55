namespace Coder.Mesh.Protocol;

/// <summary>Keys of the metadata that <c>google.rpc.ErrorInfo</c> carries beside its reason.</summary>
public static class ErrorMetadata
{
    /// <summary>Of a refused placement: names of the eligible providers, with commas between.</summary>
    public const string EligibleProviders = "eligible_providers";

    /// <summary>
    /// Of a placement refused in a region: names of the eligible providers outside it, with commas between.
    /// </summary>
    public const string EligibleElsewhere = "eligible_elsewhere";

    /// <summary>Of a placement refused in a region, with no provider named: the region.</summary>
    public const string Region = "region";
}
