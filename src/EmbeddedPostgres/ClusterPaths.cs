using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>Where the parts of the embedded database are within the control plane's data folder.</summary>
internal sealed class ClusterPaths(string dataFolder)
{
    /// <summary>The folder that the database's user owns.</summary>
    public string Root { get; } = Path.Combine(dataFolder, "postgres");

    public string Data => Path.Combine(Root, "data");

    /// <summary>
    /// A database under construction; renamed when complete, so that a killed initdb leaves no half of one.
    /// </summary>
    public string Unfinished => Path.Combine(Root, "data.new");

    public string Logs => Path.Combine(Root, "log");

    public string Socket => Path.Combine(Root, "socket");

    /// <summary>Names the socket folder when it had to be elsewhere.</summary>
    public string SocketRecord => Path.Combine(dataFolder, "postgres-socket-folder");

    /// <summary>
    /// Stands in the title of each of the server's processes, by which they are known when the server is gone.
    /// </summary>
    public string ClusterName { get; } =
        "coder-mesh-"
        + Convert
            .ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(dataFolder))))
            .AsSpan(0, 12)
            .ToString();

    /// <summary>Major version that made the database, or null when there is none yet.</summary>
    public int? MadeBy()
    {
        var file = Path.Combine(Data, "PG_VERSION");
        if (!File.Exists(file))
            return null;
        return int.TryParse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture, out var major)
            ? major
            : throw new EmbeddedPostgresException(
                $"{file} does not hold the version of a PostgreSQL that is supported (10 or later). "
                    + $"Restore the data folder from a backup, or choose another one ({EmbeddedPostgresOptions.DataFolderVariable})."
            );
    }
}
