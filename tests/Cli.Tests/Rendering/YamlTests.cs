using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.Cli.Tests.Workspaces;
using CsCheck;

namespace Coder.Mesh.Cli.Tests.Rendering;

/// <summary>YAML says what JSON says.</summary>
public sealed partial class YamlTests : CliTest
{
    private static readonly Gen<string> AnyText = Gen.OneOf(
        Gen.String[Gen.Char["aZ019 \n\t:#-'\"\\|>&*!%@`{}[],?=~.+_/é☃"], 0, 20],
        Gen.String[0, 12].Select(Text.WithoutControls)
    );

    public static TheoryData<string> KeptJson =>
        [.. Expected.All().Where(f => JsonOf(f.Text) is not null).Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(KeptJson))]
    public void Yaml_of_every_kept_output_reads_back_as_its_json(string name)
    {
        var json = JsonOf(Expected.All().Single(f => f.Name == name).Text)!;

        Same(json, Yaml.Print(json));
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("No")]
    [InlineData("y")]
    [InlineData("on")]
    [InlineData("1")]
    [InlineData("0x1")]
    [InlineData("0o17")]
    [InlineData("1e3")]
    [InlineData("1:30")]
    [InlineData("-1.5")]
    [InlineData(".inf")]
    [InlineData("null")]
    [InlineData("~")]
    [InlineData("")]
    [InlineData("True")]
    [InlineData("2026-01-02")]
    [InlineData("- a")]
    [InlineData("a: b")]
    [InlineData("a #b")]
    [InlineData("#a")]
    [InlineData("*a")]
    [InlineData("!a")]
    [InlineData(" a ")]
    [InlineData("---")]
    [InlineData("<<")]
    [InlineData("a\tb")]
    [InlineData("\n")]
    [InlineData("\n a")]
    [InlineData("a\n")]
    [InlineData("a\n\n\n")]
    [InlineData("a\n b \n")]
    [InlineData("a\r\nb")]
    public void String_stays_a_string(string text)
    {
        var json = new JsonObject { [text] = text, ["list"] = new JsonArray(text) };

        Same(json, Yaml.Print(json));
    }

    [Fact]
    public void Any_text_reads_back_as_it_was() =>
        AnyText.Sample(
            text =>
            {
                var json = new JsonObject { [text] = new JsonArray(text, new JsonObject { [text] = text }) };
                Same(json, Yaml.Print(json));
            },
            iter: 20_000
        );

    [Fact]
    public void Text_of_several_lines_is_readable()
    {
        var json = new JsonObject
        {
            ["name"] = "dev",
            ["script"] = "set -e\n\nif true; then\n  echo \"é: #1\"\nfi\n",
            ["note"] = "one\ntwo",
            ["empty"] = new JsonArray(new JsonObject(), new JsonArray(), ""),
            ["count"] = 3,
            ["size"] = "3",
            ["ready"] = true,
        };

        Expected.Match("yaml", Yaml.Print(json));
    }

    [Fact]
    public void No_line_is_broken_where_the_text_is_not()
    {
        var words = string.Join(' ', Enumerable.Repeat("word", 400));

        Assert.Equal($"message: {words}\n", Yaml.Print(new JsonObject { ["message"] = words }));
    }

    [Theory]
    [InlineData("providers", "ls")]
    [InlineData("providers", "show", "eu-west-1")]
    [InlineData("orgs", "ls")]
    [InlineData("workspaces", "ls")]
    [InlineData("workspaces", "show", "dev")]
    [InlineData("workspaces", "timeline", "dev")]
    [InlineData("orgs", "rm", "nothing", "--yes")]
    [InlineData("access-url", "show")]
    public async Task Command_tells_the_same_in_both(params string[] arguments)
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Moved()]);
        Server.Organizations.All.Add(Sample.Organization("acme", "built-in", "eu-west-1"));
        Server.Workspaces.All.Add(Sample.Workspace("dev", V1.WorkspaceState.Running));
        Server.Workspaces.Timeline = [.. WorkspaceTests.Story()];

        var json = await Mesh.Run([.. arguments, "-o", "json"]);
        var yaml = await Mesh.Run([.. arguments, "-o", "yaml"]);

        Assert.Equal((json.ExitCode, json.Stderr), (yaml.ExitCode, yaml.Stderr));
        Same(JsonNode.Parse(json.Stdout)!, yaml.Stdout);
    }

    private static void Same(JsonNode json, string yaml) =>
        Assert.Equal(json.ToJsonString(), Assert.Single(YamlText.Read(yaml))?.ToJsonString());

    /// <returns>Null where a kept run told none.</returns>
    private static JsonNode? JsonOf(string transcript) =>
        Data().Match(transcript) is { Success: true } match ? JsonNode.Parse(match.Groups["json"].Value) : null;

    [GeneratedRegex(
        @"\A\$ mesh [^\n]*-o json[^\n]*\n(?<json>[\[{].*?^[\]}]|\[\])\n---",
        RegexOptions.Singleline | RegexOptions.Multiline
    )]
    private static partial Regex Data();
}
