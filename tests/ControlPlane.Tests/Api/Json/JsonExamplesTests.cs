using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;

namespace Coder.Mesh.ControlPlane.Tests.Api.Json;

/// <summary>The examples of docs/json.md, one after the other as a reader would type them, by bash and curl.</summary>
public sealed partial class JsonExamplesTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const string Elided = "…";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private sealed record Example(string Commands, IReadOnlyList<string> Answers);

    [Fact]
    public async Task Every_example_gives_what_stands_below_it()
    {
        Assert.SkipUnless(OnPath("curl"), "curl is not on PATH");
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await TestAgent.Attach(plane, (await plane.BuiltIn(Ct)).Token, Ct);
        var examples = Examples();

        var outputs = await Run(plane, examples);

        Assert.InRange(examples.Count, 5, int.MaxValue);
        Assert.Equal(examples.Count, outputs.Count);
        foreach (var (example, output) in examples.Zip(outputs))
            MatchAnswers(example, output);
    }

    private static void MatchAnswers(Example example, string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length == example.Answers.Count, $"{example.Commands}\n{output}");
        foreach (var (shown, line) in example.Answers.Zip(lines))
        {
            var difference = Difference(JsonNode.Parse(shown), JsonNode.Parse(line), "");
            Assert.True(difference is null, $"{example.Commands}\n{output}\n{difference}");
        }
    }

    /// <summary>What is shown is there; what the document leaves out, or elides, may be anything.</summary>
    private static string? Difference(JsonNode? shown, JsonNode? actual, string path) =>
        (shown, actual) switch
        {
            (JsonObject s, JsonObject a) => s.Select(p =>
                    a.ContainsKey(p.Key)
                        ? Difference(p.Value, a[p.Key], $"{path}.{p.Key}")
                        : $"{path}.{p.Key} is not there"
                )
                .FirstOrDefault(d => d is not null),
            (JsonArray s, JsonArray a) when s.Count == a.Count => s.Zip(
                    a,
                    (one, other) => Difference(one, other, $"{path}[]")
                )
                .FirstOrDefault(d => d is not null),
            (JsonValue s, JsonValue) when s.ToString() == Elided => null,
            _ => JsonNode.DeepEquals(shown, actual) ? null : $"{path} is {actual?.ToJsonString() ?? "null"}",
        };

    /// <returns>What each example wrote to stdout.</returns>
    private static async Task<IReadOnlyList<string>> Run(TestControlPlane plane, IReadOnlyList<Example> examples)
    {
        var folder = Directory.CreateTempSubdirectory("mesh-json-");
        try
        {
            var data = folder.CreateSubdirectory("coder-mesh").FullName;
            await File.WriteAllTextAsync(Path.Combine(data, "admin-token"), plane.AdminToken, Ct);
            var script = new StringBuilder("set -euo pipefail\n");
            for (var i = 0; i < examples.Count; i++)
                script.Append($"{examples[i].Commands}\nprintf '\\n\\f'\n");
            var start = new ProcessStartInfo("bash", ["-s"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = folder.FullName,
                Environment = { ["MESH"] = plane.JsonAddress, ["XDG_DATA_HOME"] = folder.FullName },
            };
            using var bash = Process.Start(start)!;
            await bash.StandardInput.WriteAsync(script.ToString());
            bash.StandardInput.Close();
            var (output, errors) = (bash.StandardOutput.ReadToEndAsync(Ct), bash.StandardError.ReadToEndAsync(Ct));
            await bash.WaitForExitAsync(Ct).WaitAsync(Limit, Ct);
            Assert.True(bash.ExitCode == 0, $"bash ended with {bash.ExitCode}:\n{await output}\n{await errors}");
            return (await output).Split('\f')[..^1];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static List<Example> Examples()
    {
        var root = typeof(JsonExamplesTests)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepoRoot")
            .Value!;
        return
        [
            .. Blocks()
                .Matches(File.ReadAllText(Path.Combine(root, "docs", "json.md")))
                .Select(m => new Example(m.Groups["commands"].Value, Answers(m.Groups["answers"].Value))),
        ];
    }

    // An object that begins in the first column is an answer of its own: the lines of a watch are several.
    private static string[] Answers(string block) =>
        [.. AnswerStart().Split(block).Where(a => !string.IsNullOrWhiteSpace(a))];

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, program)));

    [GeneratedRegex("(?s)```bash\n(?<commands>.*?)\n```\n(?:\n```json\n(?<answers>.*?)\n```\n)?")]
    private static partial Regex Blocks();

    [GeneratedRegex(@"(?m)^(?=\{)")]
    private static partial Regex AnswerStart();
}
