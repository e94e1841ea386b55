using System.Text.Json;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Providers;

public sealed class ProviderTests : CliTest
{
    [Fact]
    public async Task List_in_a_pipe_is_one_aligned_line_per_provider()
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Broken(), Sample.Pending("us-east-1")]);

        await Check("providers-ls", "providers", "ls");
    }

    [Fact]
    public async Task List_follows_pages_to_the_end()
    {
        Server.Providers.PageSize = 2;
        Server.Providers.All.AddRange(Enumerable.Range(0, 5).Select(i => Sample.Pending($"p{i}")));

        var run = await Mesh.Run("providers", "list", "-o", "json");

        using var json = JsonDocument.Parse(run.Stdout);
        Assert.Equal(
            ["p0", "p1", "p2", "p3", "p4"],
            json.RootElement.EnumerateArray().Select(p => p.GetProperty("name").GetString())
        );
    }

    [Fact]
    public async Task List_of_a_server_that_repeats_a_page_ends()
    {
        // Its pages hold nothing, and each names itself as the next.
        Server.Providers.PageSize = 0;
        Server.Providers.All.Add(Sample.BuiltIn());

        var run = await Mesh.Run("providers", "ls");

        Assert.Equal(
            (1, "", "error: the control plane returned the same page twice"),
            (run.ExitCode, run.Stdout, run.Stderr.Split('\n')[0])
        );
    }

    [Fact]
    public async Task Empty_list_says_so_on_stderr_and_is_an_empty_array_in_json()
    {
        await Check("providers-ls-none", "providers", "ls");
        await Check("providers-ls-none-json", "providers", "ls", "-o", "json");
    }

    [Fact]
    public async Task Json_has_every_field_under_its_proto_name()
    {
        Server.Providers.All.Add(Sample.Broken());

        await Check("providers-ls-json", "providers", "ls", "-o", "json");
        await Check("providers-show-json", "providers", "show", "eu-west-1", "-o", "json");
    }

    [Fact]
    public async Task Show_tells_status_agent_and_conditions()
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Broken(), Sample.Pending("us-east-1")]);

        await Check("providers-show", "providers", "show", "built-in");
        await Check("providers-show-error", "providers", "show", "eu-west-1");
        await Check("providers-show-pending", "providers", "show", "us-east-1");
    }

    [Fact]
    public async Task Create_prints_the_token_once_and_what_to_do_next()
    {
        var run = await Check(
            "providers-create",
            ["providers", "create", "us-east-1", "--region", "us-east-1", "--storage-class", "fast"]
        );

        Assert.Equal(2, run.Stdout.Split(FakeProviders.AgentToken).Length);
        Assert.True(Server.Providers.Created.TryDequeue(out var request));
        Assert.Equal(new ProviderDetails { Region = "us-east-1", StorageClass = "fast" }, request.Details);
    }

    [Fact]
    public async Task Create_in_json_carries_the_token()
    {
        var run = await Mesh.Run("providers", "create", "us-east-1", "-o", "json");

        using var json = JsonDocument.Parse(run.Stdout);
        Assert.Equal(FakeProviders.AgentToken, json.RootElement.GetProperty("token").GetString());
        Assert.Equal("us-east-1", json.RootElement.GetProperty("provider").GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("table")]
    [InlineData("json")]
    public async Task Token_out_keeps_the_token_in_a_private_file_and_prints_it_nowhere(string format)
    {
        var run = await Check(
            $"providers-create-token-out-{format}",
            ["providers", "create", "us-east-1", "--token-out", "my token", "-o", format]
        );

        var path = Path.Combine(Mesh.Home, "my token");
        Assert.DoesNotContain(FakeProviders.AgentToken, run.Stdout + run.Stderr, StringComparison.Ordinal);
        Assert.Equal(FakeProviders.AgentToken + "\n", await File.ReadAllTextAsync(path, Ct));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task Token_out_never_overwrites_a_file_and_then_creates_nothing()
    {
        var path = Path.Combine(Mesh.Home, "t");
        await File.WriteAllTextAsync(path, "mine", Ct);

        await Check("providers-create-token-out-exists", "providers", "create", "us-east-1", "--token-out", "t");

        Assert.Empty(Server.Providers.Created);
        Assert.Equal("mine", await File.ReadAllTextAsync(path, Ct));
    }

    [Fact]
    public async Task Token_out_leaves_no_file_when_the_create_is_refused()
    {
        Server.Providers.All.Add(Sample.Pending("us-east-1"));

        await Check("providers-create-exists", "providers", "create", "us-east-1", "--token-out", "t");

        Assert.False(File.Exists(Path.Combine(Mesh.Home, "t")));
    }

    [Fact]
    public async Task Rm_of_several_goes_on_after_a_failure_and_tells_each_outcome()
    {
        Server.Providers.All.AddRange([Sample.Pending("a"), Sample.BuiltIn(), Sample.Pending("b")]);

        await Check("providers-rm", "providers", "rm", "a", "built-in", "gone", "b", "--yes");

        Assert.Equal(["built-in"], Server.Providers.All.Select(p => p.Name));
    }

    [Fact]
    public async Task Rm_in_json_lists_what_is_gone_and_what_is_not()
    {
        Server.Providers.All.AddRange([Sample.Pending("a"), Sample.BuiltIn()]);

        await Check("providers-rm-json", "providers", "delete", "a", "built-in", "--yes", "-o", "json");
    }

    [Fact]
    public async Task Rm_without_names_is_a_usage_error() => await Check("providers-rm-nothing", "providers", "rm");

    [Fact]
    public async Task What_comes_from_the_server_cannot_steer_the_terminal()
    {
        var evil = Sample.Broken();
        evil.Name = "evil\e[2J\u202Egnp";
        evil.StatusMessage = "one\ntwo\r\e]0;title\a\u009b31m\u2028three";
        evil.Conditions[1].Message = evil.StatusMessage;
        Server.Providers.All.Add(evil);

        foreach (var format in new[] { "table", "json" })
        foreach (var arguments in new string[][] { ["ls"], ["show", evil.Id] })
        {
            var run = await Mesh.Run(["providers", .. arguments, "-o", format]);

            Assert.Equal(0, run.ExitCode);
            Assert.Contains("evil[2Jgnp", run.Stdout, StringComparison.Ordinal);
            Assert.DoesNotContain(run.Stdout, c => c != '\n' && (char.IsControl(c) || c is '\u202E' or '\u2028'));
            Assert.DoesNotContain(@"\u001b", run.Stdout, StringComparison.OrdinalIgnoreCase);
        }

        Server.Failure = FakeControlPlane.Rich(Grpc.Core.StatusCode.Internal, "bad\e[31m\nerror: fake", "");
        var failed = await Mesh.Run("providers", "ls");
        Assert.Equal("error: bad[31m error: fake\n", failed.Stderr);
        Server.Failure = FakeControlPlane.Rich(
            Grpc.Core.StatusCode.InvalidArgument,
            "bad",
            "",
            new Google.Rpc.BadRequest
            {
                FieldViolations =
                {
                    new Google.Rpc.BadRequest.Types.FieldViolation { Field = "a\e[2J", Description = "b\n\u202Ec" },
                },
            }
        );
        var refused = await Mesh.Run("providers", "ls");
        Assert.Equal("error: bad\n  | field a[2J: b c\n", refused.Stderr);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
