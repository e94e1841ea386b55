namespace Coder.Mesh.Tests.Support.Network;

/// <summary>Which way bytes go through a <see cref="FaultProxy"/>.</summary>
[Flags]
public enum Direction
{
    ToUpstream = 1,
    ToClient = 2,
    Both = ToUpstream | ToClient,
}
