using System.ComponentModel.DataAnnotations;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>How the control plane runs its own PostgreSQL when no connection string is configured.</summary>
public sealed class EmbeddedPostgresOptions
{
    public const string Section = "Mesh:EmbeddedPostgres";

    /// <summary>The section as environment variables begin, which is how messages name settings.</summary>
    public const string Variables = "Mesh__EmbeddedPostgres";

    /// <summary>The data folder is the control plane's setting.</summary>
    public const string DataFolderVariable = "Mesh__DataFolder";

    /// <summary>Where the control plane keeps its data; the database is in the subfolder <c>postgres</c>.</summary>
    /// <remarks>Default: <c>$XDG_DATA_HOME/coder-mesh</c>, else <c>~/.local/share/coder-mesh</c>.</remarks>
    public string DataFolder { get; set; } = DefaultDataFolder;

    /// <summary>Folder with <c>postgres</c> and <c>initdb</c>. Unset: <c>PATH</c>, then <c>/usr/lib/postgresql/*/bin</c>, newest first.</summary>
    public string? BinariesFolder { get; set; }

    /// <summary>How long a start may take; recovery after a crash reads the whole log since the last checkpoint.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a fast shutdown may take before an immediate one.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>PostgreSQL settings in addition to, or instead of, those the control plane chooses.</summary>
    public Dictionary<string, string> Settings { get; set; } = [];

    internal string SearchPath { get; set; } = Environment.GetEnvironmentVariable("PATH") ?? "";

    internal string DistributionFolder { get; set; } = "/usr/lib/postgresql";

    // The runtime maps this folder to $XDG_DATA_HOME, else to .local/share of the home folder.
    private static string DefaultDataFolder =>
        Path.Combine(
            Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData,
                Environment.SpecialFolderOption.DoNotVerify
            ),
            "coder-mesh"
        );
}
