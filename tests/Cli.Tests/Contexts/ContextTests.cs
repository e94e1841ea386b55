using System.Text.Json.Nodes;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.Contexts;

/// <summary>Contexts: how they come and go, and which one has a say.</summary>
public sealed class ContextTests : CliTest
{
    private string FilePath => Path.Combine(Mesh.Home, ".config", "coder-mesh", "config.json");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Login_keeps_what_was_accepted_and_logout_forgets_it()
    {
        Forget();
        await Check("context-ls-none", "contexts", "ls");

        await Told("context-login", $"{FakeControlPlane.ApiToken}\n", "login", Server.Address, "--context", "prod");
        await Check("context-ls", "contexts", "ls");
        await Check("context-whoami", "whoami");
        await Check("context-whoami-json", "whoami", "-o", "json");
        await Check("context-logout", "logout");
        await Check("context-logout-again", "logout");
        await Check("context-ls-json", "contexts", "ls", "-o", "json");
        await Check("context-logged-out", "providers", "ls");
        await Check("context-rm", "contexts", "rm", "prod", "--yes");

        Assert.Equal("""{"contexts":{}}""", Saved().ToJsonString());
    }

    [Fact]
    public async Task Login_writes_for_its_owner_alone_and_leaves_no_other_file()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes");
        Mesh.Variables["XDG_CONFIG_HOME"] = Path.Combine(Mesh.Home, "xdg");

        await Login("prod");

        var folder = Path.Combine(Mesh.Home, "xdg", "coder-mesh");
        var files = Directory.GetFiles(folder).Order().ToList();
        Assert.Equal(["config.json", "config.json.lock"], files.Select(Path.GetFileName));
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.All(files, file => Assert.Equal(owner, new FileInfo(file).UnixFileMode));
        Assert.Equal(owner | UnixFileMode.UserExecute, new DirectoryInfo(folder).UnixFileMode);
    }

    [Fact]
    public async Task Login_without_a_name_calls_it_by_host_and_port()
    {
        var run = await Mesh.Piped(FakeControlPlane.ApiToken, "login", Server.Address);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(new Uri(Server.Address).Authority, (string?)Saved()["current"]);
    }

    [Fact]
    public async Task Login_keeps_the_other_contexts_and_what_it_does_not_know()
    {
        Write(
            """{ "current": "old", "later": [1], "contexts": { "old": { "address": "https://old.example.com", "token": "mat_old", "color": "red" } } }"""
        );

        await Login("prod");

        var saved = Saved();
        Assert.Equal("[1]", saved["later"]!.ToJsonString());
        Assert.Equal("prod", (string?)saved["current"]);
        Assert.Equal(
            """{"address":"https://old.example.com","token":"mat_old","color":"red"}""",
            saved["contexts"]!["old"]!.ToJsonString()
        );
    }

    [Fact]
    public async Task Logins_at_the_same_time_are_all_kept()
    {
        var names = Enumerable.Range(0, 6).Select(i => $"c{i}").ToList();

        await Task.WhenAll(names.Select(Login));

        Assert.Equal(names, Saved()["contexts"]!.AsObject().Select(c => c.Key));
    }

    [Fact]
    public async Task Login_through_a_link_keeps_the_link()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows makes links for administrators only");
        var real = Path.Combine(Mesh.Home, "real.json");
        await File.WriteAllTextAsync(real, "{}", Ct);
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.CreateSymbolicLink(FilePath, real);

        await Login("prod");

        Assert.Equal(real, new FileInfo(FilePath).LinkTarget);
        Assert.Contains("prod", await File.ReadAllTextAsync(real, Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_with_what_is_not_accepted_keeps_nothing()
    {
        await Check("context-login-nothing", "login");
        await Told("context-login-refused", "mat_wrong\n", "login", Server.Address);
        await Told("context-login-empty", "\n", "login", Server.Address);
        await Told("context-login-name", "", "login", Server.Address, "--context", "two words");
        await Told("context-login-plain", "", "login", "http://192.0.2.1:8081");
        await Told("context-login-token", "", "login", Server.Address, "mat_as-an-argument");

        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    public async Task Login_again_needs_the_name_only()
    {
        await Login("prod");
        Assert.Equal(0, (await Mesh.Run("logout", "--context", "prod")).ExitCode);

        var run = await Mesh.Piped(FakeControlPlane.ApiToken, "login", "--context", "prod");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(FakeControlPlane.ApiToken, (string?)Saved()["contexts"]!["prod"]!["token"]);
    }

    [Fact]
    public async Task Token_typed_on_a_terminal_is_not_shown()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        Mesh.Variables["MESH"] = MeshProcess.Executable;
        Mesh.Variables["TERM"] = "xterm-256color";
        using var process = Mesh.Start("script", ["-qec", $"\"$MESH\" login {Server.Address}", "/dev/null"]);
        var shown = new System.Text.StringBuilder();
        var buffer = new char[256];
        while (!shown.ToString().Contains("Token for", StringComparison.Ordinal))
            shown.Append(buffer, 0, await process.StandardOutput.ReadAsync(buffer, Ct));

        await process.StandardInput.WriteAsync($"{FakeControlPlane.ApiToken}x\x7f\n");
        await process.StandardInput.FlushAsync(Ct);
        var rest = await Mesh.Finish(process);

        Assert.Equal(0, rest.ExitCode);
        Assert.DoesNotContain("mat_", shown + rest.Stdout, StringComparison.Ordinal);
        Assert.Contains(" saved: logged in", PseudoTerminal.Plain(rest.Stdout), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_context_lists_those_that_exist()
    {
        Write(
            """{ "contexts": { "prod": { "address": "https://a.example" }, "dev": { "address": "https://b.example" } } }"""
        );

        await Check("context-wrong", "providers", "ls", "--context", "prd");
        await Check("context-wrong-use", "contexts", "use", "prd");
        await Check("context-wrong-rm", "contexts", "rm", "dev", "prd");
        Mesh.Variables["MESH_CONTEXT"] = "prd";
        await Check("context-wrong-env", "providers", "ls");

        Assert.Equal(2, Saved()["contexts"]!.AsObject().Count);
    }

    [Theory]
    [InlineData("syntax", "{\n  \"contexts\": {\n    \"prod\": }\n")]
    [InlineData("type", "{\n  \"contexts\": {\n    \"prod\": { \"address\": 8081 }\n  }\n}\n")]
    [InlineData("address", "{\n  \"contexts\": {\n    \"prod\": { \"address\": \"prod.example.com\" }\n  }\n}\n")]
    [InlineData("missing", "{\n  \"contexts\": {\n    \"prod\": { \"token\": \"mat_x\" }\n  }\n}\n")]
    [InlineData("twice", "{\n  \"contexts\": {\n    \"a\": null,\n    \"a\": null\n  }\n}\n")]
    [InlineData("null", "{ \"contexts\": { \"prod\": null } }")]
    [InlineData(
        "current",
        "{ \"current\": \"gone\", \"contexts\": { \"dev\": { \"address\": \"https://b.example\" } } }"
    )]
    public async Task Broken_file_says_where_and_is_left_alone(string name, string content)
    {
        Write(content);
        Mesh.Variables.Remove("MESH_TOKEN");

        await Check($"context-broken-{name}", "providers", "ls");
        if (name != "current")
            Assert.Equal(2, (await Mesh.Piped(FakeControlPlane.ApiToken, "login", Server.Address)).ExitCode);

        Assert.Equal(content, await File.ReadAllTextAsync(FilePath, Ct));
        Assert.Empty(Server.Authorizations);
    }

    [Fact]
    public async Task Broken_file_is_in_nobodys_way_who_needs_it_not()
    {
        Write("{");

        Assert.Equal(0, (await Mesh.Run("providers", "ls")).ExitCode);
        Assert.Equal(2, (await Mesh.Run("providers", "ls", "--context", "prod")).ExitCode);
    }

    [Fact]
    public async Task Option_wins_over_environment_over_context_over_default()
    {
        await using var other = await FakeControlPlane.Start();
        Write(
            new JsonObject
            {
                ["current"] = "current",
                ["contexts"] = new JsonObject
                {
                    ["current"] = new JsonObject { ["address"] = Server.Address, ["token"] = "mat_current" },
                    ["named"] = new JsonObject { ["address"] = Server.Address, ["token"] = "mat_named" },
                    ["bare"] = new JsonObject { ["address"] = Server.Address },
                    ["other"] = new JsonObject { ["address"] = other.Address, ["token"] = "mat_other" },
                },
            }.ToJsonString()
        );
        Forget();

        await Asked(Server, "mat_current");
        await Asked(other, "mat_other", "--context", "other");
        Mesh.Variables["MESH_CONTEXT"] = "other";
        await Asked(other, "mat_other");
        await Asked(Server, "mat_named", "--context", "named");
        Mesh.Variables["MESH_ADDRESS"] = Server.Address;
        Mesh.Variables["MESH_TOKEN"] = "mat_env";
        await Asked(Server, "mat_env");
        await Asked(other, "mat_env", "--address", other.Address);
        await Asked(other, "mat_other", "--context", "other");
        await Asked(Server, "mat_env", "--context", "bare");
        await File.WriteAllTextAsync(Path.Combine(Mesh.Home, "t"), "mat_file", Ct);
        await Asked(other, "mat_file", "--context", "other", "--token-file", "t");
    }

    [Fact]
    public async Task Token_of_a_context_is_never_sent_to_another_address()
    {
        await using var other = await FakeControlPlane.Start();
        await Login("prod");
        Forget();

        var told = await Mesh.Run("providers", "ls", "--context", "prod", "--address", other.Address);
        Mesh.Variables["MESH_ADDRESS"] = other.Address;
        var inherited = await Mesh.Run("providers", "ls");

        Assert.Equal((3, 3), (told.ExitCode, inherited.ExitCode));
        Assert.Empty(other.Authorizations);
        Assert.Contains(
            $"checked context \"prod\": its token is for {Server.Address} only",
            told.Stderr,
            StringComparison.Ordinal
        );
    }

    private async Task Asked(FakeControlPlane server, string token, params string[] options)
    {
        server.Authorizations.Clear();
        await Mesh.Run(["providers", "ls", .. options]);
        Assert.Equal([$"Bearer {token}"], server.Authorizations);
    }

    private async Task Login(string name)
    {
        var run = await Mesh.Piped(FakeControlPlane.ApiToken, "login", Server.Address, "--context", name);
        Assert.Equal((0, ""), (run.ExitCode, run.Stdout));
    }

    private async Task Told(string name, string input, params string[] arguments) =>
        Expected.Match(
            name,
            Expected.Transcript(
                arguments,
                await Mesh.Piped(input, arguments),
                (Server.Address, "http://<server>"),
                (Mesh.Home, "<home>")
            )
        );

    // What the other tests set, so that contexts have a say.
    private void Forget()
    {
        Mesh.Variables.Remove("MESH_ADDRESS");
        Mesh.Variables.Remove("MESH_TOKEN");
    }

    private void Write(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllText(FilePath, content);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private JsonObject Saved() => JsonNode.Parse(File.ReadAllText(FilePath))!.AsObject();
}
