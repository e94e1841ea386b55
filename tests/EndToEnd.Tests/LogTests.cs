using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>What the control plane writes: its log, and its files.</summary>
public sealed partial class LogTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_event_is_one_line_with_its_time_and_what_callers_do_is_none()
    {
        await using var scratch = new Scratch();
        var run = ControlPlaneRuns.Start(scratch, []);
        var (grpc, json, _) = await run.Serves(Ct);
        ChildProcess.Start(
            scratch,
            Artifacts.Agent,
            [
                "--access-url",
                grpc,
                "--token-file",
                scratch["data/builtin-agent-token"],
                "--cluster",
                "simulated",
                "--health-address",
                "127.0.0.1:0",
            ]
        );
        await run.Line("Agent of provider built-in (", Ct);

        using var http = new HttpClient { BaseAddress = new Uri(json) };
        var token = (await File.ReadAllTextAsync(scratch["data/admin-token"], Ct)).Trim();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        await TakeNamesThatAreTaken(http);
        await HangUp(http);
        await CancelByGrpc(scratch, grpc);

        run.Terminate();
        Assert.Equal(0, await run.ExitWithOutput(Ct));
        var lines = run.Output.Data.Split('\n');
        Assert.All(lines, line => Assert.Matches(Line(), line));
        Assert.DoesNotContain(lines, line => line.Contains("Exception", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("   at ", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => Level().Match(line).Groups[1].Value is "fail" or "crit");
        Assert.Empty(run.Output.Talk);
        Assert.Contains(lines, line => Attached().IsMatch(line));
        // What it writes is in its data folder.
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch["home"]));
    }

    [Fact]
    public async Task The_log_can_be_JSON_with_times_too()
    {
        await using var scratch = new Scratch();
        var run = ControlPlaneRuns.Start(scratch, [], ("Logging__Console__FormatterName", "json"));
        await run.Line("Serving gRPC at", Ct);
        run.Terminate();
        Assert.Equal(0, await run.ExitWithOutput(Ct));

        Assert.All(
            run.Output.Data.Split('\n'),
            line =>
                Assert.EndsWith("Z", JsonNode.Parse(line)!["Timestamp"]!.GetValue<string>(), StringComparison.Ordinal)
        );
    }

    private static async Task TakeNamesThatAreTaken(HttpClient http)
    {
        await Post(http, "/v1/providers", """{"name": "a"}""", 200);
        await Post(http, "/v1/providers", """{"name": "a"}""", 409);
        await Post(http, "/v1/organizations", """{"name": "default"}""", 409);
        await Post(http, "/v1/providers/a:rename", """{"newName": "built-in"}""", 409);
        await Post(http, "/v1/providers", """{"name":""", 400);
    }

    private static async Task HangUp(HttpClient http)
    {
        foreach (var path in (string[])["/v1/providers:watch", "/v1/workspaces:watch"])
        {
            using var answer = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Ct);
            await answer.Content.ReadAsStream(Ct).ReadExactlyAsync(new byte[10], Ct);
        }

        // At every moment of a call, some of them in the middle of a query.
        for (var i = 0; i < 60; i++)
        {
            using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            impatient.CancelAfter(TimeSpan.FromMicroseconds(250 * i));
            try
            {
                using var answer = await http.GetAsync("/v1/providers", impatient.Token);
            }
            catch (OperationCanceledException) when (!Ct.IsCancellationRequested)
            {
                // As it was meant.
            }
        }
    }

    private static async Task CancelByGrpc(Scratch scratch, string address)
    {
        var watch = ChildProcess.Start(
            scratch,
            Artifacts.Cli,
            ["providers", "ls", "--watch", "--address", address, "--token-file", scratch["data/admin-token"]]
        );
        await watch.Line("built-in", Ct);
        await watch.Kill(Ct);
    }

    private static async Task Post(HttpClient http, string path, string body, int status)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(path, content, Ct);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (trce|dbug|info|warn|fail|crit): [\w.]+\[\d+\] \S")]
    private static partial Regex Line();

    [GeneratedRegex("^[^ ]+ ([a-z]{4}): ")]
    private static partial Regex Level();

    [GeneratedRegex(@"Agent of provider built-in \([0-9a-f]{32}\) attached, epoch 1,")]
    private static partial Regex Attached();
}
