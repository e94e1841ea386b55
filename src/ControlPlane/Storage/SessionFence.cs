namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Names one session: what it writes counts only while the presence says that it is the provider's.</summary>
internal sealed record SessionFence(string ProviderId, long Epoch, string OwnerId);
