namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>An agent has broken the protocol: its session ends, the others don't notice.</summary>
internal sealed class ProtocolException(string message) : Exception(message);
