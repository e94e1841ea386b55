namespace Coder.Mesh.Protocol;

/// <summary>Keys of the metadata of <c>google.rpc.ErrorInfo</c>.</summary>
public static class ErrorMetadata
{
    /// <summary>For a refused placement: names of the eligible providers, separated by commas.</summary>
    public const string EligibleProviders = "eligible_providers";

    /// <summary>
    /// For a placement refused in a region: names of the eligible providers outside it, separated by commas.
    /// </summary>
    public const string EligibleElsewhere = "eligible_elsewhere";

    /// <summary>For a placement refused in a region, without a requested provider: the region.</summary>
    public const string Region = "region";
}
