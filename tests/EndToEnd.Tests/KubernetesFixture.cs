using Coder.Mesh.Tests.Support.Kubernetes;

namespace Coder.Mesh.EndToEnd.Tests;

public sealed class KubernetesFixture() : SharedKubernetes(Assert.Skip);
