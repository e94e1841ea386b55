using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Coder.Mesh.Shared;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Makes tokens: a prefix that says the kind, and 256 random bits. Only their hash is kept.</summary>
internal static class Tokens
{
    private const int SecretBytes = 32;
    private const int PrefixLength = 4;

    private static readonly SearchValues<char> Alphabet = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    );

    public static string Create(TokenKind kind) =>
        Prefix(kind) + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>SHA-256 in hexadecimal. Enough for a secret of 256 random bits, which no dictionary holds.</summary>
    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>The kind that a text could be a token of; null if it is none. No store is asked for what can't be one.</summary>
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
