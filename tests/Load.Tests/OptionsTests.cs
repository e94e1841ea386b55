using System.CommandLine;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Commands;

namespace Coder.Mesh.Load.Tests;

public sealed class OptionsTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8081")]
    [InlineData("http://localhost:8081")]
    [InlineData("http://[::1]:8081")]
    public void Loopback_is_loaded(string target) => Assert.Equal(new Uri(target), CrowdOptions.LoopbackTarget(target));

    [Theory]
    [InlineData("http://10.0.0.1:8081")]
    [InlineData("http://mesh.example.com")]
    [InlineData("http://127.0.0.1.example.com")]
    [InlineData("http://0.0.0.0:8081")]
    [InlineData("https://127.0.0.1:8081")]
    [InlineData("127.0.0.1:8081")]
    [InlineData("")]
    public void Anything_else_is_refused(string target)
    {
        var e = Assert.Throws<LoadException>(() => CrowdOptions.LoopbackTarget(target));

        Assert.StartsWith("--target: ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("floor --port abc", "--port: 'abc' is no whole number from 0 to 65535.")]
    [InlineData("floor --port 99999999999", "--port: '99999999999' is no whole number from 0 to 65535.")]
    [InlineData("floor --port -1", "--port: '-1' is no whole number from 0 to 65535.")]
    [InlineData(
        "agents --target http://127.0.0.1:1 --tokens t --count 0 --ramp 1e3 --heartbeat soon --output xml",
        "--count: '0' is no whole number from 1 to 20000.",
        "--heartbeat: 'soon' is no duration; write one such as 500ms, 10s or 2m.",
        "--ramp: '1e3' is no whole number from 1 to 2000.",
        "--output: 'xml' is none of table, json."
    )]
    public void Values_that_cannot_be_read_are_told_all_at_once(string line, params string[] errors)
    {
        var root = new RootCommand { FloorCommand.Create(), AgentsCommand.Create(TimeProvider.System) };

        Assert.Equal(
            errors.Order(StringComparer.Ordinal),
            root.Parse(line).Errors.Select(e => e.Message).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("10s", 10)]
    [InlineData("1.5s", 1.5)]
    [InlineData("2m", 120)]
    public void Durations_are_read_as_people_write_them(string text, double seconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData("10")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1e9m")]
    [InlineData("99999999999999999999m")]
    public void A_duration_needs_a_number_and_a_unit(string text) => Assert.False(Durations.TryParse(text, out _));

    [Theory]
    [InlineData(0.5)]
    [InlineData(0)]
    [InlineData(90)]
    public void A_duration_that_is_handed_to_a_child_is_read_as_the_same(double seconds)
    {
        Assert.True(Durations.TryParse(Durations.Format(TimeSpan.FromSeconds(seconds)), out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("Max open files            1024                 524288               files", 1_024L)]
    [InlineData("Max open files            unlimited            unlimited            files", null)]
    [InlineData("Max processes             1024                 524288               processes", null)]
    public void The_soft_limit_of_open_files_counts(string line, long? expected) =>
        Assert.Equal(expected, OpenFiles.ParseSoftLimit(["Limit   Soft Limit", line]));

    [Fact]
    public async Task Too_few_tokens_are_an_error_that_says_how_many_there_are()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "mpt_a\n\n mpt_b \nmpt_a\n", TestContext.Current.CancellationToken);

            var two = await AgentIdentity.Read(path, 2, TestContext.Current.CancellationToken);
            var e = await Assert.ThrowsAsync<LoadException>(() =>
                AgentIdentity.Read(path, 3, TestContext.Current.CancellationToken)
            );

            Assert.Equal(["mpt_a", "mpt_b"], two.Select(i => i.Token));
            Assert.Contains("holds 2 different tokens", e.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_token_keeps_its_namespace_and_shares_it_with_no_other()
    {
        var namespaces = AgentIdentity.MadeUp(1_000).Select(i => i.NamespaceUid).ToArray();

        Assert.Equal(1_000, namespaces.Distinct().Count());
        Assert.Equal(namespaces, AgentIdentity.MadeUp(1_000).Select(i => i.NamespaceUid));
        Assert.All(namespaces, uid => Assert.True(Guid.TryParse(uid, out _)));
    }
}
