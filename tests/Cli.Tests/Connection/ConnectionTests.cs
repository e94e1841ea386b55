using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.Connection;

public sealed class ConnectionTests : CliTest
{
    [Fact]
    public async Task No_token_says_where_it_looked()
    {
        Mesh.Variables.Remove("MESH_TOKEN");

        await Check("token-none", "providers", "ls");
        await Check("token-none-remote", "providers", "ls", "--address", "https://mesh.example.com");
    }

    [Theory]
    [InlineData("", ".local/share/coder-mesh/admin-token")]
    [InlineData("data", "data/coder-mesh/admin-token")]
    public async Task Token_of_this_machines_control_plane_is_found(string xdg, string file)
    {
        Mesh.Variables.Remove("MESH_TOKEN");
        if (xdg.Length > 0)
            Mesh.Variables["XDG_DATA_HOME"] = Path.Combine(Mesh.Home, xdg);
        Put(file, FakeControlPlane.ApiToken + "\n");

        await Accepted("providers", "ls");
    }

    [Fact]
    public async Task Token_of_this_machines_control_plane_is_never_sent_elsewhere()
    {
        Mesh.Variables.Remove("MESH_TOKEN");
        Put(".local/share/coder-mesh/admin-token", FakeControlPlane.ApiToken);

        var run = await Mesh.Run("providers", "ls", "--address", "https://mesh.example.com");

        Assert.Equal(3, run.ExitCode);
        Assert.StartsWith("error: no token found\n", run.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_file_of_the_command_line_wins_over_the_environment()
    {
        Mesh.Variables["MESH_TOKEN"] = "mat_wrong";
        Mesh.Variables["MESH_TOKEN_FILE"] = "nowhere";
        Put("token", FakeControlPlane.ApiToken);

        await Accepted("providers", "ls", "--token-file", "token");
    }

    [Fact]
    public async Task Token_file_of_the_environment_is_read()
    {
        Mesh.Variables["MESH_TOKEN"] = "";
        Mesh.Variables["MESH_TOKEN_FILE"] = Put("token", FakeControlPlane.ApiToken);

        await Accepted("providers", "ls");
    }

    [Fact]
    public async Task Token_file_that_is_no_good_says_why()
    {
        await Check("token-file-missing", "providers", "ls", "--token-file", "nowhere");
        Put("empty", " \n");
        await Check("token-file-empty", "providers", "ls", "--token-file", "empty");
        Put("odd", "two words");
        await Check("token-file-odd", "providers", "ls", "--token-file", "odd");
        Put("long", new string('x', 5000));
        await Check("token-file-long", "providers", "ls", "--token-file", "long");
    }

    [Fact]
    public async Task Token_of_an_agent_is_told_apart_with_what_to_do_and_not_sent()
    {
        Mesh.Variables["MESH_TOKEN"] = "";
        Mesh.Variables["MESH_TOKEN_FILE"] = Put("agent-token", FakeProviders.AgentToken);

        await Check("token-of-agent", "providers", "ls");
        await Check("token-of-agent-option", "providers", "ls", "--token-file", "agent-token");

        Assert.Empty(Server.Authorizations);
    }

    [Theory]
    [InlineData("MESH_TOKNE", "MESH_TOKEN")]
    [InlineData("mesh_context", "MESH_CONTEXT")]
    [InlineData("MESH_OGR", "MESH_ORG")]
    [InlineData("MESH__TOKENFILE", "MESH_TOKEN_FILE")]
    [InlineData("MESH_ALLOW_PLAIN_TEXT", "MESH_ALLOW_PLAINTEXT")]
    public async Task Misspelt_variable_is_warned_of(string given, string meant)
    {
        Mesh.Variables[given] = "x";

        var run = await Mesh.Run("providers", "ls", "-o", "json");

        // That of the token is there all the same.
        var warned = $"warning: {given} has no effect\n  | tip: did you mean {meant}?\n";
        Assert.Equal((0, meant == "MESH_TOKEN" ? "" : warned), (run.ExitCode, run.Stderr));
        Mesh.Variables.Remove(meant);
        Assert.StartsWith(warned, (await Mesh.Run("providers", "ls")).Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MESH_ACCESS_URL")]
    [InlineData("MESH_CLUSTER")]
    [InlineData("MESH_NAMESPACE")]
    [InlineData("MESH_HEALTH_ADDRESS")]
    [InlineData("MESH_LOG_LEVEL")]
    [InlineData("MESH_AGENT_CONFIG")]
    [InlineData("MESH_PORT")]
    [InlineData("MESH_SERVICE_HOST")]
    [InlineData("MESH_LOG")]
    [InlineData("MESH_ADDRESS_2_OF_MINE")]
    public async Task Variables_of_others_are_none_of_its_business(string name)
    {
        Mesh.Variables[name] = "x";

        await Accepted("providers", "ls");
    }

    [Fact]
    public async Task Token_file_that_others_can_read_is_warned_of()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes");
        Put("token", FakeControlPlane.ApiToken, UnixFileMode.UserRead | UnixFileMode.GroupRead);

        await Check("token-file-shared", "providers", "ls", "--token-file", "token");
    }

    [Fact]
    public async Task Token_is_no_option() =>
        Assert.Equal(2, (await Mesh.Run("providers", "ls", "--token", "x")).ExitCode);

    [Fact]
    public async Task Plain_http_to_another_machine_is_refused()
    {
        await Check("address-plaintext", "providers", "ls", "--address", "http://192.0.2.1:8081");
    }

    [Theory]
    [InlineData("1", 7)]
    [InlineData("true", 7)]
    [InlineData("0", 2)]
    [InlineData("yes", 2)]
    public async Task Plain_http_to_another_machine_goes_where_it_is_allowed(string value, int code)
    {
        Mesh.Variables["MESH_ALLOW_PLAINTEXT"] = value;

        var run = await Mesh.Run("providers", "ls", "--address", "http://192.0.2.1:8081", "--request-timeout", "100ms");

        Assert.Equal(code, run.ExitCode);
    }

    [Theory]
    [InlineData("localhost:8081")]
    [InlineData("ftp://localhost")]
    [InlineData("http://localhost:8081/api")]
    [InlineData("http://user:secret-word@localhost")]
    public async Task Address_that_is_none_is_a_usage_error(string address)
    {
        var run = await Mesh.Run("providers", "ls", "--address", address);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("error: the address from --address is not valid: ", run.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", run.Stderr, StringComparison.Ordinal);
    }

    private async Task Accepted(params string[] arguments)
    {
        var run = await Mesh.Run(arguments);
        Assert.Equal(
            (0, "info: no providers found\n  | tip: mesh providers create NAME\n"),
            (run.ExitCode, run.Stderr)
        );
    }

    private string Put(string name, string content, UnixFileMode mode = UnixFileMode.UserRead)
    {
        var path = Path.Combine(Mesh.Home, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
        return path;
    }
}
