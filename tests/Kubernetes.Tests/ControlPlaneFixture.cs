using Coder.Mesh.Kubernetes.Tests;
using Coder.Mesh.Tests.Support.Kubernetes;

[assembly: AssemblyFixture(typeof(ControlPlaneFixture))]

// Most of these tests wait for controllers, backoffs and time limits of the cluster.
[assembly: Xunit.v3.Parallelization(MaxThreads = 4)]

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class ControlPlaneFixture() : SharedKubernetes(Assert.Skip);
