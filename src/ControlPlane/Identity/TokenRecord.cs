namespace Coder.Mesh.ControlPlane.Identity;

public enum TokenKind
{
    /// <summary>An agent's: its provider is the subject.</summary>
    Provider,

    /// <summary>A caller's of the API: its user is the subject.</summary>
    Api,
}

/// <summary>A live token, found by its hash. Revoking one deletes its record.</summary>
/// <param name="Id">SHA-256 of the token, in hexadecimal.</param>
public sealed record TokenRecord(string Id, string TokenId, TokenKind Kind, string Subject, DateTimeOffset IssuedAt);
