using System.Collections.Frozen;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Why sessions ended, in words: the reasons are stored as stable names.</summary>
internal static class DisconnectReasons
{
    private static readonly FrozenDictionary<string, string> Known = new Dictionary<string, string>
    {
        ["agent_left"] = "it closed its stream",
        ["connection_lost"] = "its connection was lost; the agent, its machine or the network is down or suspended",
        ["goodbye"] = "it is shutting down or being upgraded",
        ["superseded"] = "a newer session of the provider took its place",
        ["too_slow"] = "it read too slowly",
        ["flooding"] = "it sent too much",
        ["unresponsive"] = "three heartbeats were missing",
        [StatusCodes.AgentUnresponsive] = "three heartbeats were missing",
        ["protocol_violation"] = "it broke the protocol",
        ["provider_deleted"] = "the provider was deleted",
        ["token_revoked"] = "its token was revoked",
        ["store_away"] = "the control plane could not reach its database",
        ["shutdown"] = "the control plane was shutting down",
        ["failed"] = "the session failed in the control plane",
    }.ToFrozenDictionary();

    /// <summary>The same of a session whose first snapshot was not complete, with what it was told besides.</summary>
    public static string InSnapshot(string reason, string detail) =>
        reason == "connection_lost"
            ? "its connection was lost; a proxy that limits the size or the time of a request does that"
            : $"{Words(reason)}. {detail}".TrimEnd(' ', '.');

    /// <summary>As the end of a sentence about the agent; a reason of a later version is shown as it is, without underscores.</summary>
    public static string Words(string reason) =>
        Known.TryGetValue(reason, out var words) ? words : reason.Replace('_', ' ');
}
