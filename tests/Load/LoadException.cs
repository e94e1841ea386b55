namespace Coder.Mesh.Load;

/// <summary>A run can't start or go on; the message says what is wrong and what to do next.</summary>
internal sealed class LoadException(string message) : Exception(message);
