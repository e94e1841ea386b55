namespace Coder.Mesh.ControlPlane.Identity;

public enum TokenKind
{
    /// <summary>Token of an agent; the subject is its provider.</summary>
    Provider,

    /// <summary>Token of an API caller; the subject is its user.</summary>
    Api,
}

/// <summary>A valid token, found by its hash. Revoking a token deletes its record.</summary>
/// <param name="Id">SHA-256 of the token, in hexadecimal.</param>
public sealed record TokenRecord(string Id, string TokenId, TokenKind Kind, string Subject, DateTimeOffset IssuedAt);
