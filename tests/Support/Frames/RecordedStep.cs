using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.V1;
using Google.Protobuf;

namespace Coder.Mesh.Tests.Support.Frames;

/// <summary>
/// One line of a recorded conversation of an agent and a control plane of a released version: a frame, as it was on the
/// wire, or what made the next ones come.
/// </summary>
public abstract record RecordedStep
{
    private RecordedStep() { }

    public sealed record Up(ConnectRequest Frame) : RecordedStep;

    public sealed record Down(ConnectResponse Frame) : RecordedStep;

    /// <summary>One of <see cref="RecordedCalls"/>.</summary>
    public sealed record Ask(string Call) : RecordedStep;

    /// <summary>
    /// What the API shows from here on: <c>NAME STATE</c> of a workspace, <c>built-in STATUS</c> of the provider.
    /// </summary>
    public sealed record See(string State) : RecordedStep;

    /// <summary>The connection breaks.</summary>
    public sealed record Cut : RecordedStep;

    /// <summary>Recordings of all versions, by path below tests/Frames.</summary>
    public static IEnumerable<string> Recordings() =>
        Directory
            .EnumerateFiles(Folder(), "*.jsonl", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Folder(), f))
            .Order(StringComparer.Ordinal);

    public static IReadOnlyList<RecordedStep> Read(string recording) =>
        [.. File.ReadLines(Path.Combine(Folder(), recording)).Select(Parse)];

    /// <returns>The path of a recording, in a folder that is there.</returns>
    public static string PathOf(string recording)
    {
        var path = Path.Combine(Folder(), recording);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    /// <returns>Where a recording keeps what its simulated cluster staged.</returns>
    public static string ScriptOf(string recording) => Path.ChangeExtension(PathOf(recording), ".simulate.json");

    public string ToLine() =>
        this switch
        {
            Up { Frame: var frame } => Framed("up", frame),
            Down { Frame: var frame } => Framed("down", frame),
            Ask { Call: var call } => new JsonObject { ["do"] = call }.ToJsonString(),
            See { State: var state } => new JsonObject { ["see"] = state }.ToJsonString(),
            _ => """{"cut":true}""",
        };

    // The wire is what counts; the JSON beside it is for people.
    private static string Framed(string direction, IMessage frame) =>
        new JsonObject
        {
            [direction] = Convert.ToBase64String(frame.ToByteArray()),
            ["json"] = JsonNode.Parse(JsonFormatter.Default.Format(frame)),
        }.ToJsonString();

    private static RecordedStep Parse(string line)
    {
        var json = JsonNode.Parse(line)!.AsObject();
        return json["up"] is { } up ? new Up(ConnectRequest.Parser.ParseFrom(Wire(up)))
            : json["down"] is { } down ? new Down(ConnectResponse.Parser.ParseFrom(Wire(down)))
            : json["do"] is { } call ? new Ask(call.GetValue<string>())
            : json["see"] is { } state ? new See(state.GetValue<string>())
            : json["cut"] is not null ? new Cut()
            : throw new JsonException($"no step: {line}");
    }

    private static byte[] Wire(JsonNode node) => Convert.FromBase64String(node.GetValue<string>());

    private static string Folder([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "../../Frames"));
}
