using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>An agent has broken the protocol: its session ends, the others don't notice.</summary>
internal sealed class ProtocolException(string message) : Exception(message)
{
    /// <summary>What an agent is told that has broken it before it had a session.</summary>
    public Error ToError() => new(ErrorKind.InvalidArgument, ErrorReasons.ProtocolViolation, Message);
}
