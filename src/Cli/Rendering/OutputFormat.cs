namespace Coder.Mesh.Cli.Rendering;

/// <summary>The format of data.</summary>
internal enum OutputFormat
{
    Table,
    Json,
    Yaml,

    /// <summary>Names only, one per line; for lists.</summary>
    Name,

    /// <summary>Ids only, one per line; for lists.</summary>
    Id,
}
