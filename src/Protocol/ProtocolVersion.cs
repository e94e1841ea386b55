namespace Coder.Mesh.Protocol;

/// <summary>The versions of the agent protocol that this build speaks, and how two ends agree on one.</summary>
public static class ProtocolVersion
{
    /// <summary>The oldest version that this build speaks.</summary>
    public const uint Min = 1;

    /// <summary>The newest version that this build speaks.</summary>
    public const uint Max = 1;

    /// <summary>The newest version that both this build and a peer speak.</summary>
    /// <returns>Null when the ranges don't meet, or the peer's is no range.</returns>
    public static uint? Negotiate(uint peerMin, uint peerMax)
    {
        var version = Math.Min(peerMax, Max);
        return peerMin <= peerMax && version >= Math.Max(peerMin, Min) && version > 0 ? version : null;
    }
}
