using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>An agent has violated the protocol. Its session ends; others are not affected.</summary>
internal sealed class ProtocolException(string message) : Exception(message)
{
    /// <summary>Returns the error for an agent that had no session yet.</summary>
    public Error ToError() => new(ErrorKind.InvalidArgument, ErrorReasons.ProtocolViolation, Message);
}
