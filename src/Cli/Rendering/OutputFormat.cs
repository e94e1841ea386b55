namespace Coder.Mesh.Cli.Rendering;

/// <summary>How data is written: for people, or for programs.</summary>
internal enum OutputFormat
{
    Table,
    Json,
    Yaml,
}
