namespace Coder.Mesh.Protocol;

/// <summary>Versions of the agent protocol that this build supports, and their negotiation.</summary>
public static class ProtocolVersion
{
    /// <summary>The oldest supported version.</summary>
    public const uint Min = 1;

    /// <summary>The newest supported version.</summary>
    public const uint Max = 1;

    /// <summary>Returns the newest version that this build and a peer support.</summary>
    /// <returns>Null if the ranges do not overlap, or the peer's is invalid.</returns>
    public static uint? Negotiate(uint peerMin, uint peerMax)
    {
        var version = Math.Min(peerMax, Max);
        return peerMin <= peerMax && version >= Math.Max(peerMin, Min) && version > 0 ? version : null;
    }
}
