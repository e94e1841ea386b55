using Coder.Mesh.EndToEnd.Tests;

[assembly: AssemblyFixture(typeof(KubernetesFixture))]

// Most of these tests wait for a grace to pass: the longest takes over a minute, and the others run beside it.
[assembly: Parallelization(MaxThreads = 4)]
