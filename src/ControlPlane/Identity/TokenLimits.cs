namespace Coder.Mesh.ControlPlane.Identity;

/// <param name="AttachesPerMinute">How often an agent's token may be used in one minute.</param>
/// <param name="ConcurrentLookups">Maximum number of tokens that one query looks up.</param>
/// <param name="WaitingLookups">Maximum number of tokens that wait for a lookup; more are refused.</param>
internal sealed record TokenLimits(int AttachesPerMinute, int ConcurrentLookups, int WaitingLookups);
