using Coder.Mesh.Kubernetes.Tests;
using Coder.Mesh.Tests.Support.Kubernetes;

[assembly: AssemblyFixture(typeof(ControlPlaneFixture))]

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class ControlPlaneFixture() : SharedKubernetes(Assert.Skip);
