using Coder.Mesh.Agent.Configuration;

namespace Coder.Mesh.Agent.Connection;

/// <summary>How the agent reaches the control plane.</summary>
/// <param name="AccessUrl">The address of the control plane.</param>
/// <param name="TokenFile">The file with the provider's token, read at each dial; null if the token is given
/// directly.</param>
/// <param name="Token">The provider's token. <paramref name="TokenFile"/> takes precedence.</param>
/// <param name="HeartbeatInterval">The requested heartbeat interval; the control plane may shorten it.</param>
internal sealed record ConnectionOptions(Uri AccessUrl, string? TokenFile, Secret? Token, TimeSpan HeartbeatInterval);
