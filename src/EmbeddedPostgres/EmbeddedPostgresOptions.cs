using System.ComponentModel.DataAnnotations;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>Settings of the embedded PostgreSQL, which is used when no connection string is configured.</summary>
public sealed class EmbeddedPostgresOptions
{
    public const string Section = "Mesh:EmbeddedPostgres";

    /// <summary>Prefix of the section's environment variables, as used in messages.</summary>
    public const string Variables = "Mesh__EmbeddedPostgres";

    /// <summary>The data folder is a setting of the control plane.</summary>
    public const string DataFolderVariable = "Mesh__DataFolder";

    /// <summary>Data folder of the control plane; the database is in the subfolder <c>postgres</c>.</summary>
    /// <remarks>Default: <c>$XDG_DATA_HOME/coder-mesh</c>, else <c>~/.local/share/coder-mesh</c>.</remarks>
    public string DataFolder { get; set; } = DefaultDataFolder;

    /// <summary>
    /// Folder with <c>postgres</c> and <c>initdb</c>. If not set: <c>PATH</c>, then <c>/usr/lib/postgresql/*/bin</c>,
    /// newest first.
    /// </summary>
    public string? BinariesFolder { get; set; }

    /// <summary>Time limit of a start. Recovery after a crash reads the whole WAL since the last checkpoint.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Time limit of a fast shutdown, after which an immediate one follows.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>PostgreSQL settings that supplement or override those of the control plane.</summary>
    public Dictionary<string, string> Settings { get; set; } = [];

    internal string SearchPath { get; set; } = Environment.GetEnvironmentVariable("PATH") ?? "";

    internal string DistributionFolder { get; set; } = "/usr/lib/postgresql";

    // The runtime maps this folder to $XDG_DATA_HOME, else to .local/share in the home directory.
    private static string DefaultDataFolder =>
        Path.Combine(
            Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData,
                Environment.SpecialFolderOption.DoNotVerify
            ),
            "coder-mesh"
        );
}
