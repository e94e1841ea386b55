using System.Net;
using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Shared;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Agent.Tests;

public sealed class OptionsTests
{
    private static readonly Dictionary<string, string> Enough = new()
    {
        ["MESH_ACCESS_URL"] = "https://mesh.example.com",
        ["MESH_TOKEN"] = "mpt_secret",
    };

    private static async Task<(int Code, AgentOptions? Options, string[] Complaints)> Run(
        string[] args,
        Dictionary<string, string>? environment = null
    )
    {
        AgentOptions? read = null;
        var complaints = new StringWriter();
        var code = await AgentCommand.Run(
            args,
            environment ?? Enough,
            complaints,
            options =>
            {
                read = options;
                return Task.FromResult(0);
            }
        );
        return (code, read, complaints.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static string WriteFile(string json)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("agent-tests-").FullName, "agent.json");
        File.WriteAllText(file, json);
        return file;
    }

    [Fact]
    public async Task Little_is_required_and_the_rest_has_defaults()
    {
        var (code, options, complaints) = await Run([]);

        Assert.Equal(0, code);
        Assert.Empty(complaints);
        Assert.Equal(new Uri("https://mesh.example.com"), options!.AccessUrl);
        Assert.Equal("mpt_secret", options.Token?.Reveal());
        Assert.Equal(ClusterKind.Kubernetes, options.Cluster);
        Assert.Equal(TimeSpan.FromSeconds(10), options.HeartbeatInterval);
        Assert.Equal(TimeSpan.FromSeconds(5), options.ProbeInterval);
        Assert.Equal(TimeSpan.FromMinutes(10), options.PendingTimeout);
        Assert.Equal(IPEndPoint.Parse("127.0.0.1:8086"), options.HealthAddress);
        Assert.Equal((LogLevel.Information, LogFormat.Text), (options.LogLevel, options.LogFormat));
    }

    [Fact]
    public async Task Flags_win_over_environment_and_environment_over_file()
    {
        var file = WriteFile("""{ "namespace": "file", "probeInterval": "7s", "cluster": "simulated" }""");
        var environment = new Dictionary<string, string>(Enough)
        {
            ["MESH_AGENT_CONFIG"] = file,
            ["MESH_NAMESPACE"] = "environment",
            ["MESH_PROBE_INTERVAL"] = "8s",
        };

        var (_, options, _) = await Run(["--namespace", "flag"], environment);

        Assert.Equal("flag", options?.Namespace);
        Assert.Equal(TimeSpan.FromSeconds(8), options?.ProbeInterval);
        Assert.Equal(ClusterKind.Simulated, options?.Cluster);
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_told_at_once_with_flag_variable_and_rule()
    {
        var file = WriteFile("""{ "logFormat": "xml", "tokn": "x", "token": "mpt_oops", "probeInterval": [] }""");

        var (code, options, complaints) = await Run(
            ["--config", file, "--cluster", "docker", "--bogus", "--health-address", "8086"],
            new Dictionary<string, string>
            {
                ["MESH_ACCESS_URL"] = "http://mesh.example.com",
                ["MESH_HEARTBEAT_INTERVAL"] = "2h",
            }
        );

        Assert.Equal((2, null), (code, options));
        string[] expected =
        [
            "--bogus",
            "\"tokn\" in",
            "\"token\" in",
            "\"probeInterval\" in",
            "MESH_ACCESS_URL (--access-url): plain http is allowed to loopback only",
            "--cluster (MESH_CLUSTER): \"docker\" must be kubernetes or simulated",
            "MESH_HEARTBEAT_INTERVAL (--heartbeat-interval): \"2h\" must be a time from 1s to 1m",
            "--health-address (MESH_HEALTH_ADDRESS): \"8086\" must be an IP address and a port",
            "(--log-format, MESH_LOG_FORMAT): \"xml\" must be text or json",
            "--token-file (MESH_TOKEN_FILE): required",
        ];
        Assert.All(expected, e => Assert.Single(complaints, c => c.Contains(e, StringComparison.Ordinal)));
        Assert.Equal(expected.Length + 1, complaints.Length);
        Assert.DoesNotContain(complaints, c => c.Contains("mpt_oops", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("MESH_ACESS_URL", "MESH_ACCESS_URL")]
    [InlineData("mesh_namespace", "MESH_NAMESPACE")]
    [InlineData("MESH_HEALTH_ADRESS", "MESH_HEALTH_ADDRESS")]
    [InlineData("MESH__CLUSTER", "MESH_CLUSTER")]
    [InlineData("MESH_TOKENFILE", "MESH_TOKEN_FILE")]
    public async Task Misspelt_variable_is_an_error_that_names_the_nearest(string given, string meant)
    {
        var (code, _, complaints) = await Run([], new Dictionary<string, string>(Enough) { [given] = "x" });

        if (Enough.ContainsKey(meant))
        {
            Assert.Equal(0, code);
            return;
        }

        Assert.Equal(2, code);
        Assert.Contains($"mesh-agent: {given}: no setting of the agent. Did you mean {meant}?", complaints);
    }

    [Theory]
    [InlineData("MESH_ADDRESS")]
    [InlineData("MESH_CONTEXT")]
    [InlineData("MESH_ORG")]
    [InlineData("MESH_DEBUG")]
    [InlineData("MESH_COMPLETION_TIMEOUT")]
    [InlineData("MESH_SERVICE_HOST")]
    [InlineData("MESH_CONTROL_PLANE_PORT_8081_TCP")]
    public async Task Variables_of_others_are_none_of_the_agent_s_business(string name) =>
        Assert.Equal(0, (await Run([], new Dictionary<string, string>(Enough) { [name] = "x" })).Code);

    [Fact]
    public async Task Misspelt_key_of_the_file_is_an_error_that_names_the_nearest()
    {
        var (code, _, complaints) = await Run(["--config", WriteFile("""{ "acessUrl": "x", "nonsense": 1 }""")]);

        Assert.Equal(2, code);
        Assert.Single(
            complaints,
            c => c.Contains("no such setting. Did you mean \"accessUrl\"?", StringComparison.Ordinal)
        );
        Assert.Single(complaints, c => c.Contains("no such setting; there are accessUrl, ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("role")]
    [InlineData("role --namespace Not_A_Namespace")]
    [InlineData("role --namespace dev --cluster simulated")]
    public async Task Role_without_a_good_namespace_is_refused_and_asks_for_nothing_else(string arguments)
    {
        var (code, options, complaints) = await Run(arguments.Split(' '), []);

        Assert.Equal((2, null), (code, options));
        Assert.DoesNotContain(complaints, c => c.Contains("MESH_ACCESS_URL", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://127.0.0.1:8081")]
    [InlineData("http://localhost:8081")]
    [InlineData("http://[::1]:8081")]
    [InlineData("https://mesh.example.com")]
    public async Task Loopback_needs_no_tls(string url) => Assert.Equal(0, (await Run(["--access-url", url])).Code);

    [Theory]
    [InlineData("mesh.example.com")]
    [InlineData("ftp://mesh.example.com")]
    [InlineData("https://user:password@mesh.example.com")]
    [InlineData("https://mesh.example.com/path")]
    [InlineData("https://mesh.example.com?a=b")]
    [InlineData("http://mesh.example.com")]
    [InlineData("")]
    public async Task Bad_address_is_refused(string url)
    {
        var (code, _, complaints) = await Run(["--access-url", url]);

        Assert.Equal(2, code);
        Assert.Contains("--access-url (MESH_ACCESS_URL): ", complaints[0], StringComparison.Ordinal);
        Assert.DoesNotContain("password@", complaints[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_http_elsewhere_has_to_be_allowed()
    {
        var (code, options, _) = await Run(["--access-url", "http://mesh.example.com", "--allow-plaintext"]);

        Assert.Equal((0, "mesh.example.com"), (code, options?.AccessUrl.Host));
    }

    [Theory]
    [InlineData("1", 0)]
    [InlineData("TRUE", 0)]
    [InlineData("0", 2)]
    [InlineData("false", 2)]
    [InlineData("yes", 2)]
    public async Task Switch_is_read_as_the_command_line_reads_it(string value, int code)
    {
        var environment = new Dictionary<string, string>(Enough)
        {
            ["MESH_ACCESS_URL"] = "http://mesh.example.com",
            ["MESH_ALLOW_PLAINTEXT"] = value,
        };

        var (given, _, complaints) = await Run([], environment);

        Assert.Equal(code, given);
        Assert.Equal(
            value == "yes",
            complaints.Any(c => c.Contains("\"yes\" must be true or false (1 or 0)", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task Key_that_is_in_the_file_twice_is_an_error()
    {
        var (code, _, complaints) = await Run([
            "--config",
            WriteFile("""{ "namespace": "one", "namespace": "two" }"""),
        ]);

        Assert.Equal(2, code);
        Assert.Contains(complaints, c => c.EndsWith(": is given more than once.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "seed": 1, "seed": 2 }""", "a field is given more than once.")]
    [InlineData(
        """{ "failures": [{ "kind": "image_pull_failed", "kind": "x" }] }""",
        "a field is given more than once."
    )]
    [InlineData("""{ "seed": "many" }""", "$.seed (line 1): its value is of another type than docs/simulated.md says.")]
    public async Task Script_that_cannot_be_read_is_told_in_no_words_of_NET(string script, string why)
    {
        var (code, _, complaints) = await Run(["--cluster", "simulated", "--simulate", WriteFile(script)]);

        Assert.Equal(2, code);
        Assert.Contains(complaints, c => c.EndsWith(why, StringComparison.Ordinal));
        Assert.DoesNotContain(complaints, c => c.Contains("System.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Token_is_never_a_flag()
    {
        var (code, _, complaints) = await Run(["--token", "mpt_oops"]);

        Assert.Equal(2, code);
        Assert.Contains(complaints, c => c.Contains("--token", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_tokens_in_the_environment_are_refused_and_a_flag_decides()
    {
        var both = new Dictionary<string, string>(Enough) { ["MESH_TOKEN_FILE"] = "/t" };

        var (code, _, complaints) = await Run([], both);
        Assert.Equal(2, code);
        Assert.Contains("name the agent's file with --token-file, which wins", complaints[0], StringComparison.Ordinal);
        Assert.Equal("/flag", (await Run(["--token-file", "/flag"], both)).Options?.TokenFile);
    }

    [Theory]
    [InlineData("10s", 10_000)]
    [InlineData("1500ms", 1_500)]
    [InlineData("0.5m", 30_000)]
    [InlineData("1h30m", 5_400_000)]
    public void Durations_are_read(string text, int milliseconds)
    {
        Assert.True(Durations.TryParse(text, out var value));
        Assert.Equal(milliseconds, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("10")]
    [InlineData("-1s")]
    [InlineData("s")]
    [InlineData("1m1h")]
    [InlineData("1e9s")]
    [InlineData("NaNs")]
    [InlineData("99999999999m")]
    public void What_is_no_duration_is_not(string text) => Assert.False(Durations.TryParse(text, out _));

    [Fact]
    public void Secret_does_not_show() => Assert.Equal("(secret)", $"{new Secret("mpt_secret")}");
}
