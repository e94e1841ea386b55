using System.Security.Cryptography;
using System.Text;

namespace Coder.Mesh.Load.Agents;

/// <summary>
/// Who a simulated agent is: its provider's token, and a namespace that stays the same from run to run.
/// </summary>
internal sealed record AgentIdentity(string Token, string NamespaceUid)
{
    private const string Prefix = "mpt_load_";

    /// <summary>A provider accepts one namespace only, so the UID follows from the token.</summary>
    public static AgentIdentity OfToken(string token) =>
        new(token, new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(token)).AsSpan(0, 16)).ToString());

    /// <summary>For a server that asks for no token: as many bytes on the wire as with a real one.</summary>
    public static IReadOnlyList<AgentIdentity> MadeUp(int count) =>
        [.. Enumerable.Range(0, count).Select(i => OfToken($"{Prefix}{i:D34}"))];

    /// <summary>One token per line; empty lines don't count.</summary>
    public static async Task<IReadOnlyList<AgentIdentity>> Read(string path, int count, CancellationToken ct)
    {
        string[] lines;
        try
        {
            lines = await File.ReadAllLinesAsync(path, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoadException($"--tokens: can't read '{path}' ({e.Message}).");
        }
        var tokens = lines.Select(line => line.Trim()).Where(line => line.Length > 0).Distinct().Take(count).ToArray();
        if (tokens.Length < count)
            throw new LoadException(
                $"--tokens: '{path}' holds {tokens.Length} different tokens, {count} agents need one each; lower --count."
            );
        return [.. tokens.Select(OfToken)];
    }
}
