using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Writes data to stdout and messages to stderr, without control characters.</summary>
internal sealed class Output(Terminal data, Terminal talk)
{
    /// <summary>The terminal of messages and progress.</summary>
    public Terminal Talk => talk;

    /// <summary>The terminal of data.</summary>
    public Terminal Shown => data;

    public void Table(Table table) => table.Write(data);

    public void Fields(Fields fields) => fields.Write(data);

    public void Data(JsonNode node, OutputFormat format)
    {
        if (format is OutputFormat.Name or OutputFormat.Id)
            Lines(node.AsArray().Select(item => Only(item!, format)));
        else
            data.Write(format == OutputFormat.Yaml ? Yaml.Print(node) : Json.Print(node));
    }

    // An orphan has the id of its former workspace.
    private static string Only(JsonNode item, OutputFormat format) =>
        (string?)(format == OutputFormat.Id ? item["id"] ?? item["workspaceId"] : item["name"]) ?? "";

    public void Lines(params IEnumerable<string> lines) =>
        data.Write(string.Concat(lines.Select(line => Text.OneLine(line) + "\n")));

    /// <summary>Writes one document of a stream: a line of JSON, or a YAML document after a separator.</summary>
    public void Document(JsonNode node, OutputFormat format) =>
        data.Write(format == OutputFormat.Yaml ? "---\n" + Yaml.Print(node) : Json.PrintLine(node));

    /// <summary>Writes completions for a shell: lines with a word, a tab and a description.</summary>
    public void Suggestions(IEnumerable<string> lines) => data.Write(string.Concat(lines.Select(line => line + "\n")));

    /// <summary>Writes trusted text unchanged.</summary>
    public void Script(string text) => data.Write(text);

    /// <summary>Reports the result of a write, which begins with the resource: "provider/west cordoned".</summary>
    public void Success(string result, params IEnumerable<string> details) => Say(result, "green", details);

    public void Info(string message, params IEnumerable<string> details) => Say($"info: {message}", "blue", details);

    /// <summary>Reports the result of a write that may have changed nothing.</summary>
    /// <param name="unchanged">Whether nothing was changed.</param>
    /// <param name="already">The result if nothing was changed: "provider/west unchanged: already cordoned".</param>
    /// <param name="done">The result otherwise.</param>
    /// <param name="details">Shown in both cases.</param>
    public void Change(bool unchanged, string already, string done, params IEnumerable<string> details)
    {
        Success(unchanged ? already : done, details);
    }

    public void Warning(string message, params IEnumerable<string> details) =>
        Say($"warning: {message}", "yellow", details);

    public void Error(Failure failure) =>
        Say(
            $"error: {failure.Message}",
            "red",
            [
                .. failure.Reason is { } reason ? [$"reason: {reason}"] : Array.Empty<string>(),
                .. failure.Details,
                .. failure.Tips.Select(tip => $"tip: {tip}"),
            ]
        );

    // The first word is coloured: a label or a resource.
    private void Say(string message, string style, IEnumerable<string> details)
    {
        var line = Text.OneLine(message);
        var end = line.IndexOf(' ', StringComparison.Ordinal) is var space and > 0 ? space : line.Length;
        talk.WriteLabelled(line[..end], style, line[end..]);
        foreach (var detail in details)
            talk.Write($"  | {Text.OneLine(detail)}\n");
    }
}
