using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol.Client;

namespace Coder.Mesh.Cli;

/// <summary>One run of one command.</summary>
internal sealed record Invocation(
    ParseResult Line,
    MeshClient Client,
    ControlPlane Target,
    Output Output,
    Prompt Prompt,
    TimeProvider Time
)
{
    /// <summary>Whether a program reads what this run writes, rather than a person.</summary>
    public bool WantsData => Format != OutputFormat.Table;

    public OutputFormat Format => Line.Format();

    public void Data(JsonNode node) => Output.Data(node, Format);
}
