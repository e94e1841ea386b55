using System.CommandLine;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CallFailures;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol.Client;

namespace Coder.Mesh.Cli.Commands;

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
    /// <summary>The default organization; null if there is none.</summary>
    public DefaultOrganization? DefaultOrganization { get; init; }

    /// <summary>Whether the output is data for programs, such as JSON.</summary>
    public bool WantsData => Format != OutputFormat.Table;

    public OutputFormat Format => Line.Format();

    public void Data(JsonNode node) => Output.Data(node, Format);

    public void Table(Table table)
    {
        table.Headers = !NoHeaders;
        Output.Table(table);
    }

    public bool NoHeaders => Line.GetValue(ListOptions.NoHeaders);

    /// <summary>The resources of the command line, for use in tips.</summary>
    public Subject Subject(string? name = null) => CallFailures.Subject.Of(Line, name, DefaultOrganization?.Name);

    /// <returns>The organization of the option or the default; empty if there is none.</returns>
    public string Organization(Option<string> option) =>
        Line.IsGiven(option) ? Line.GetValue(option) ?? "" : DefaultOrganization?.Name ?? "";
}
