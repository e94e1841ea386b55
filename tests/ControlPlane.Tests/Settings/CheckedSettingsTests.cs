using Coder.Mesh.ControlPlane.Settings;
using Microsoft.Extensions.Configuration;

namespace Coder.Mesh.ControlPlane.Tests.Settings;

public sealed class CheckedSettingsTests
{
    private static readonly string[] Texts =
    [
        "Mesh:GrpcAddress",
        "Mesh:HttpAddress",
        "Mesh:ManagementAddress",
        "Mesh:DataFolder",
        "Mesh:EmbeddedPostgres:BinariesFolder",
    ];

    [Theory]
    [InlineData("Mesh:AllowPlaintext", "yes", "true or false")]
    [InlineData("Mesh:AllowPlaintext", "", "true or false")]
    [InlineData("mesh:allowplaintext", "1", "true or false")]
    [InlineData("Mesh:AgentStream:HeartbeatInterval", "abc", "a duration from 00:00:01 to 00:05:00, such as 00:00:10")]
    [InlineData("Mesh:AgentStream:HeartbeatInterval", "10s", "a duration from 00:00:01 to 00:05:00, such as 00:00:10")]
    // These are days.
    [InlineData("Mesh:AgentStream:HeartbeatInterval", "10", "a duration from 00:00:01 to 00:05:00, such as 00:00:10")]
    [InlineData("Mesh:AgentStream:DrainTime", "-00:00:01", "a duration from 00:00:00 to 00:05:00, such as 00:00:15")]
    [InlineData(
        "Mesh:EmbeddedPostgres:StopTimeout",
        "00:00:00",
        "a duration from 00:00:01 to 00:10:00, such as 00:00:10"
    )]
    [InlineData("Mesh:AgentStream:ConcurrentAttaches", "0", "a whole number from 1 to 1000")]
    [InlineData("Mesh:AgentStream:ConcurrentAttaches", "1.5", "a whole number from 1 to 1000")]
    [InlineData("Mesh:AgentStream:MaxFrameBytes", "4MB", "a whole number from 65536 to 67108864")]
    [InlineData("Mesh:AgentStream:MaxFrameBytes", "99999999999", "a whole number from 65536 to 67108864")]
    [InlineData("Logging:Console:FormatterOptions:SingleLine", "yes", "true or false")]
    [InlineData("Logging:Console:FormatterOptions:JsonWriterOptions:Indented", "yes", "true or false")]
    [InlineData("Logging:Console:FormatterOptions:TimestampFormat", "%", "a format of .NET, such as HH:mm:ss")]
    [InlineData("Logging:Console:MaxQueueLength", "many", "a whole number")]
    [InlineData("Logging:Console:QueueFullMode", "Block", "one of Wait, DropWrite")]
    public void Value_that_a_setting_cannot_take_is_told_with_its_variable_and_what_is_expected(
        string key,
        string value,
        string expected
    ) =>
        Assert.Equal(
            [
                $"{(key.StartsWith('m') ? "Mesh__AllowPlaintext" : Variable(key))} is \"{value}\": it must be {expected}.",
            ],
            Problems((key, value))
        );

    [Fact]
    public void Every_setting_that_is_no_text_is_told_of_at_once_and_in_no_words_of_NET()
    {
        var keys = SettingNames.Own.Except(Texts).ToList();

        var problems = Problems([.. keys.Select(k => (k, "nonsense"))]);

        Assert.Equal(
            keys.Select(Variable).Order(StringComparer.Ordinal),
            problems.Select(p => p.Split(' ')[0]).Order(StringComparer.Ordinal)
        );
        Assert.All(problems, p => Assert.Contains(" is \"nonsense\": it must be ", p, StringComparison.Ordinal));
        Assert.DoesNotContain(problems, p => p.Contains("System.", StringComparison.Ordinal));
        Assert.DoesNotContain(problems, p => p.Contains("Options", StringComparison.Ordinal));
    }

    [Fact]
    public void What_cannot_be_read_hides_nothing_else_that_is_wrong() =>
        Assert.Equal(
            [
                "Mesh__GrpcAdress",
                "Logging__LogLevel__Default",
                "Mesh__AgentStream__FrameBurst",
                "Mesh__HttpAddress",
                "Mesh__DataFolder",
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "ConnectionStrings__Mesh",
            ],
            Problems(
                    ("Mesh:GrpcAdress", "http://127.0.0.1:1"),
                    ("Mesh:AgentStream:FrameBurst", "lots"),
                    ("Mesh:HttpAddress", "8080"),
                    ("Mesh:DataFolder", "relative"),
                    ("Logging:LogLevel:Default", "Loud"),
                    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
                    ("ConnectionStrings:Mesh", "postgres://mesh@db/mesh")
                )
                .Select(p => p.Split(' ')[0])
        );

    [Fact]
    public void Long_or_odd_value_is_shortened()
    {
        var problem = Assert.Single(Problems(("Mesh:AllowPlaintext", "\n" + new string('x', 5000))));

        Assert.Contains($"\"?{new string('x', 99)}…\"", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_and_what_is_in_its_range_are_taken()
    {
        var settings = CheckedSettings.Read(
            Configuration(
                ("Mesh:AllowPlaintext", "TRUE"),
                ("Mesh:DataFolder", "/data"),
                ("Mesh:AgentStream:HeartbeatInterval", "00:00:05"),
                ("Mesh:EmbeddedPostgres:StopTimeout", "00:00:20"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
                ("ConnectionStrings:Mesh", "Host=db")
            )
        );

        Assert.Empty(settings.Problems);
        Assert.Equal((true, "/data"), (settings.Options.AllowPlaintext, settings.Options.DataFolder));
        Assert.Equal(
            ("/data", TimeSpan.FromSeconds(20)),
            (settings.Embedded.DataFolder, settings.Embedded.StopTimeout)
        );
        Assert.Equal("Host=db", settings.Database);
    }

    [Theory]
    [InlineData("{\n  \"Mesh\": }", " It is not JSON at line 2, byte 11.")]
    [InlineData("""{"Mesh": {"DataFolder": "/a"}, "mesh": {"datafolder": "/b"}}""", "duplicate key")]
    public void File_that_cannot_be_read_is_told_with_the_place(string text, string why)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("settings-").FullName, "appsettings.json");
        File.WriteAllText(file, text);

        var error = Assert.ThrowsAny<Exception>(() => new ConfigurationBuilder().AddJsonFile(file).Build());

        var problem = FileProblem.Of(error);
        Assert.Contains(file, problem, StringComparison.Ordinal);
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Problems(params (string Key, string Value)[] given) =>
        CheckedSettings.Read(Configuration(given)).Problems;

    private static IConfiguration Configuration(params (string Key, string Value)[] given) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(given.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)))
            .Build();

    private static string Variable(string key) => key.Replace(":", "__", StringComparison.Ordinal);
}
