namespace Coder.Mesh.Shared;

/// <summary>Prefixes of tokens, by which the wrong kind is detected before it is sent.</summary>
internal static class TokenPrefix
{
    /// <summary>Token of a provider's agent.</summary>
    public const string Provider = "mpt_";

    /// <summary>Token of an API caller.</summary>
    public const string Api = "mat_";
}
