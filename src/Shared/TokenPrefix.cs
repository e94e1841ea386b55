namespace Coder.Mesh.Shared;

/// <summary>How tokens begin: whoever is given one of the wrong kind can say so before it is sent anywhere.</summary>
internal static class TokenPrefix
{
    /// <summary>Of a provider's agent.</summary>
    public const string Provider = "mpt_";

    /// <summary>Of everybody else.</summary>
    public const string Api = "mat_";
}
