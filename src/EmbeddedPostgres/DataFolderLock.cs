using System.Globalization;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>
/// Ensures one control plane per data folder, by an advisory lock that the kernel releases with the process.
/// </summary>
internal sealed class DataFolderLock : IDisposable
{
    private readonly FileStream _file;
    private readonly string _processFile;

    private DataFolderLock(FileStream file, string processFile)
    {
        _file = file;
        _processFile = processFile;
    }

    /// <summary>Creates the folder if necessary, and locks it.</summary>
    public static DataFolderLock Take(string folder)
    {
        // Separate from the lock: the runtime does not let other processes read a locked file.
        var processFile = Path.Combine(folder, "control-plane.pid");
        try
        {
            PrivateFolder.Ensure(folder);
            // The descriptor is close-on-exec, so that PostgreSQL does not inherit the lock and keep it.
            var file = new FileStream(
                Path.Combine(folder, "control-plane.lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
            try
            {
                File.WriteAllText(processFile, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
                return new DataFolderLock(file, processFile);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (IOException e) when (IsHeldElsewhere(e))
        {
            throw new EmbeddedPostgresException(InUse(folder, processFile), e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new EmbeddedPostgresException(NotWritable(folder, e), e);
        }
    }

    public void Dispose()
    {
        File.Delete(_processFile);
        _file.Dispose();
    }

    // Error number for a lock that another process holds: EWOULDBLOCK, on Linux and macOS.
    private static bool IsHeldElsewhere(IOException e) => e.HResult is 11 or 35;

    private static string InUse(string folder, string processFile)
    {
        string? pid = null;
        try
        {
            pid = File.ReadAllText(processFile).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The lock itself is sufficient; the process id is only informative.
        }
        var who = pid is { Length: > 0 } ? $"Another control plane (process {pid})" : "Another control plane";
        return $"{who} is running on the data folder {folder}. Stop it, or give this one a folder of its own "
            + $"({EmbeddedPostgresOptions.DataFolderVariable}). Several control planes share their data through one PostgreSQL server: "
            + "set the connection string ConnectionStrings__Mesh for that.";
    }

    private static string NotWritable(string folder, Exception e)
    {
        var existing = folder;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
            existing = parent;
        var owner = Native.Owner(existing) is { } uid ? $"{existing} belongs to {SystemUser.Describe(uid)}" : e.Message;
        return $"The data folder {folder} can't be written by {SystemUser.Describe(Native.UserId)}: {owner}. Run the control plane as the folder's "
            + $"owner, or choose another folder ({EmbeddedPostgresOptions.DataFolderVariable}).";
    }
}
