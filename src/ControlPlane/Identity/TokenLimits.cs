namespace Coder.Mesh.ControlPlane.Identity;

/// <param name="AttachesPerMinute">How often an agent's token may be used in a minute.</param>
/// <param name="ConcurrentLookups">Unknown tokens that may be looked up at once.</param>
/// <param name="WaitingLookups">Unknown tokens that may wait for a lookup; more are refused.</param>
internal sealed record TokenLimits(int AttachesPerMinute, int ConcurrentLookups, int WaitingLookups);
