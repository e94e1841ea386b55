using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Everything that `mesh` says: data on stdout, talk on stderr. What passes here can't steer a terminal.</summary>
internal sealed class Output(Terminal data, Terminal talk)
{
    /// <summary>Where progress may be drawn.</summary>
    public Terminal Talk => talk;

    /// <summary>Where data may be drawn.</summary>
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

    // An orphan's id is that of the workspace that it was.
    private static string Only(JsonNode item, OutputFormat format) =>
        (string?)(format == OutputFormat.Id ? item["id"] ?? item["workspaceId"] : item["name"]) ?? "";

    public void Lines(params IEnumerable<string> lines) =>
        data.Write(string.Concat(lines.Select(line => Text.OneLine(line) + "\n")));

    /// <summary>One of several that come one by one: JSON a line each, YAML each after its own mark.</summary>
    public void Document(JsonNode node, OutputFormat format) =>
        data.Write(format == OutputFormat.Yaml ? "---\n" + Yaml.Print(node) : Json.PrintLine(node));

    /// <summary>Words for a shell: a line each, the word apart from its meaning by a tab.</summary>
    public void Suggestions(IEnumerable<string> lines) => data.Write(string.Concat(lines.Select(line => line + "\n")));

    /// <summary>Text of this program's own, as it is.</summary>
    public void Script(string text) => data.Write(text);

    public void Success(string message, params IEnumerable<string> details) =>
        Say("success:", "green", message, details);

    public void Info(string message, params IEnumerable<string> details) => Say("info:", "blue", message, details);

    /// <summary>Tells what a write did; where it found all as asked, that there was nothing to change.</summary>
    /// <param name="unchanged">As the control plane said.</param>
    /// <param name="already">What was so already; a whole clause.</param>
    /// <param name="done">What was done.</param>
    /// <param name="details">Told of both.</param>
    public void Change(bool unchanged, string already, string done, params IEnumerable<string> details)
    {
        if (unchanged)
            Info($"nothing to change: {already}", details);
        else
            Success(done, details);
    }

    public void Warning(string message, params IEnumerable<string> details) =>
        Say("warning:", "yellow", message, details);

    public void Error(Failure failure) =>
        Say(
            "error:",
            "red",
            failure.Message,
            [
                .. failure.Reason is { } reason ? [$"reason: {reason}"] : Array.Empty<string>(),
                .. failure.Details,
                .. failure.Tips.Select(tip => $"tip: {tip}"),
            ]
        );

    private void Say(string label, string style, string message, IEnumerable<string> details)
    {
        talk.WriteLabelled(label, style, " " + Text.OneLine(message));
        foreach (var line in details)
            talk.Write($"  | {Text.OneLine(line)}\n");
    }
}
