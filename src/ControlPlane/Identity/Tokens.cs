using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Coder.Mesh.Shared;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Creates tokens: a prefix for the kind, and 256 random bits. Only the hash is stored.</summary>
internal static class Tokens
{
    private const int SecretBytes = 32;
    private const int PrefixLength = 4;

    private static readonly SearchValues<char> Alphabet = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    );

    public static string Create(TokenKind kind) =>
        Prefix(kind) + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>Returns the SHA-256 in hexadecimal. No slow hash is needed for 256 random bits.</summary>
    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>
    /// Returns the kind of token that the text can be; null if it has not the form of one. Saves lookups of malformed
    /// tokens.
    /// </summary>
    public static TokenKind? KindOf(string text) =>
        text.Length != PrefixLength + (SecretBytes * 4 + 2) / 3 || !IsSecret(text.AsSpan(PrefixLength)) ? null
        : text.StartsWith(Prefix(TokenKind.Provider), StringComparison.Ordinal) ? TokenKind.Provider
        : text.StartsWith(Prefix(TokenKind.Api), StringComparison.Ordinal) ? TokenKind.Api
        : null;

    private static bool IsSecret(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Alphabet);

    private static string Prefix(TokenKind kind) =>
        kind switch
        {
            TokenKind.Provider => TokenPrefix.Provider,
            TokenKind.Api => TokenPrefix.Api,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no prefix for this kind"),
        };
}
