namespace Coder.Mesh.Cli.Rendering;

/// <summary>How data is written: for people, or for programs.</summary>
internal enum OutputFormat
{
    Table,
    Json,
    Yaml,

    /// <summary>Names alone, a line each; of lists only.</summary>
    Name,

    /// <summary>Ids alone, a line each; of lists only.</summary>
    Id,
}
