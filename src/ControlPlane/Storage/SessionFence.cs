namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Identifies a session. Its writes are accepted only while the presence says that it owns the provider.
/// </summary>
internal sealed record SessionFence(string ProviderId, long Epoch, string OwnerId);
