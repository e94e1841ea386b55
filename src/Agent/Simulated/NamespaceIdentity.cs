using System.Text;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>
/// UID of the simulated namespace. Stored in a file if one is configured, so that a restarted agent has the same one.
/// </summary>
internal static class NamespaceIdentity
{
    public static string Read(string? file)
    {
        if (file is null)
            return Guid.NewGuid().ToString();
        if (File.Exists(file))
            return Guid.TryParse(File.ReadAllText(file).Trim(), out var known)
                ? known.ToString()
                : throw new InvalidDataException(
                    $"{file} holds no UID of a simulated namespace; remove it, or name another file as --simulated-state."
                );

        var uid = Guid.NewGuid().ToString();
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
            Directory.CreateDirectory(folder);
        AtomicFile.Write(file, Encoding.UTF8.GetBytes(uid + "\n"));
        return uid;
    }
}
