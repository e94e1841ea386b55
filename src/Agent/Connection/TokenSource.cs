using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent.Connection;

/// <summary>
/// Provides the provider's token. A file is read each time, so that a rotated token takes effect at the next dial.
/// </summary>
internal sealed class TokenSource(ConnectionOptions options)
{
    private const int MaxLength = 4096;

    /// <exception cref="TokenUnusableException">There is no token that could be sent.</exception>
    public async Task<string> Read(CancellationToken ct)
    {
        var (text, place) = options.TokenFile is { } file
            ? (await ReadFile(file, ct), file)
            : (options.Token?.Reveal() ?? "", SettingSource.TokenVariable);
        var token = text.Trim();
        if (token.Length == 0)
            throw new TokenUnusableException($"The token in {place} is empty.");
        // Agent and CLI both read MESH_TOKEN and MESH_TOKEN_FILE.
        if (token.StartsWith(TokenPrefix.Api, StringComparison.Ordinal))
            throw new TokenUnusableException(
                $"What is in {place} is an API token, as `mesh` uses; an agent needs its provider's. "
                    + $"`mesh providers rotate-token NAME --token-out FILE` makes one; name the file with {Setting.TokenFile.Flag}."
            );
        // Not valid in a header; a line break would allow header injection.
        if (token.Length > MaxLength || !token.All(c => c is > ' ' and < '\x7f'))
            throw new TokenUnusableException(
                $"What is in {place} is not a token: it must be one word of printable ASCII."
            );
        return token;
    }

    private static async Task<string> ReadFile(string file, CancellationToken ct)
    {
        try
        {
            await using var stream = File.OpenRead(file);
            using var reader = new StreamReader(stream);
            var buffer = new char[MaxLength + 2];
            var length = await reader.ReadBlockAsync(buffer, ct);
            return new string(buffer, 0, length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenUnusableException($"The token file {file} can't be read: {e.Message}", e);
        }
    }
}

internal sealed class TokenUnusableException(string message, Exception? inner = null) : Exception(message, inner);
