using System.Collections.Frozen;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Describes why sessions ended. The reasons are stored under stable names.</summary>
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

    /// <summary>Describes the end of a session whose first snapshot was not complete, with a detail.</summary>
    public static string InSnapshot(string reason, string detail) =>
        reason == "connection_lost"
            ? "its connection was lost; a proxy that limits the size or the time of a request does that"
            : $"{Words(reason)}. {detail}".TrimEnd(' ', '.');

    /// <summary>
    /// Returns the end of a sentence about the agent. Reasons of later versions are shown without underscores.
    /// </summary>
    public static string Words(string reason) =>
        Known.TryGetValue(reason, out var words) ? words : reason.Replace('_', ' ');
}
