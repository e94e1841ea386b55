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
        // Written beside and moved, so that a kill leaves no half a file.
        var temporary = $"{file}.{uid}";
        File.WriteAllText(temporary, uid + "\n");
        File.Move(temporary, file, overwrite: true);
        return uid;
    }
}
