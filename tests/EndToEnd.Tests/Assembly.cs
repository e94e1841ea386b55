using Coder.Mesh.EndToEnd.Tests;

[assembly: AssemblyFixture(typeof(KubernetesFixture))]

// Most of these tests wait for a grace to pass: the longest takes over a minute, and the others run beside it.
[assembly: Xunit.v3.Parallelization(MaxThreads = 4)]

// The product runs where Kubernetes does; these tests send Unix signals.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
