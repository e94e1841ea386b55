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
    /// <summary>The organization that is meant where the command line names none; null if nothing says it.</summary>
    public DefaultOrganization? DefaultOrganization { get; init; }

    /// <summary>Whether a program reads what this run writes, rather than a person.</summary>
    public bool WantsData => Format != OutputFormat.Table;

    public OutputFormat Format => Line.Format();

    public void Data(JsonNode node) => Output.Data(node, Format);

    public void Table(Table table)
    {
        table.Headers = !NoHeaders;
        Output.Table(table);
    }

    public bool NoHeaders => Line.GetValue(ListOptions.NoHeaders);

    /// <summary>What the command line was about, or one of the names that it was given.</summary>
    public Subject Subject(string? name = null) => CallFailures.Subject.Of(Line, name, DefaultOrganization?.Name);

    /// <returns>Empty where neither the option nor a default names one.</returns>
    public string Organization(Option<string> option) =>
        Line.IsGiven(option) ? Line.GetValue(option) ?? "" : DefaultOrganization?.Name ?? "";
}
