namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>
/// No API server can be had on this machine. The message says why and what to install: a skip's reason.
/// </summary>
public sealed class KubernetesUnavailableException(string message) : Exception(message);
