using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Validity of a credential, as stated by itself.</summary>
/// <param name="Begin">Null if not stated.</param>
/// <param name="End">Null for unlimited.</param>
internal sealed record CredentialLifetime(string Name, DateTimeOffset? Begin, DateTimeOffset? End)
{
    private const string Token = "token";
    private const int MaxTokenLength = 64 * 1024;
    private static readonly long LastSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    public bool IsToken => Name == Token;

    public static CredentialLifetime Of(X509Certificate2 certificate) =>
        new("client certificate", certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());

    /// <summary>Reads a JSON web token. The API server verifies it.</summary>
    /// <returns>Null for other kinds of tokens, whose expiry only the issuer knows.</returns>
    public static CredentialLifetime? OfToken(string? token)
    {
        if (token is not { Length: <= MaxTokenLength } || token.Split('.') is not [_, var claims, _])
            return null;
        try
        {
            using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(claims));
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            return new CredentialLifetime(Token, Moment(json.RootElement, "iat"), Moment(json.RootElement, "exp"));
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private static DateTimeOffset? Moment(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var claim)
        && claim.ValueKind == JsonValueKind.Number
        && claim.TryGetDouble(out var seconds)
        && seconds >= 0
        && seconds <= LastSecond
            ? DateTimeOffset.FromUnixTimeSeconds((long)seconds)
            : null;
}
