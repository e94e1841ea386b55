using System.Net;
using System.Net.Sockets;
using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests;

public sealed class StartupTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_data_folder_has_one_control_plane_and_admin_tokens_are_made_beside_it()
    {
        await using var mesh = await TestMesh.Start(Ct);

        var second = await mesh.RunControlPlane([], new() { ["Mesh__GrpcAddress"] = "http://127.0.0.1:0" }, Ct);

        Assert.Equal(1, await second.Exit(Ct));
        Assert.Contains(
            $"error: Another control plane (process {mesh.ControlPlane.Id}) is running on the data folder {mesh.DataFolder}.",
            second.Output.Talk,
            StringComparison.Ordinal
        );
        Assert.Contains("a folder of its own (Mesh__DataFolder)", second.Output.Talk, StringComparison.Ordinal);

        var made = await mesh.RunControlPlane(
            ["admin-token"],
            new() { ["ConnectionStrings__Mesh"] = mesh.Store.ConnectionString },
            Ct
        );

        Assert.Equal(0, await made.Exit(Ct));
        var token = Assert.Single(made.Output.Data.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var file = Path.Combine(mesh.DataFolder, "second-admin-token");
        await File.WriteAllTextAsync(file, token, Ct);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var listed = await mesh.RunCli(file, Ct, "providers", "ls", "-o", "json");
        Assert.Contains("\"kind\": \"PROVIDER_KIND_BUILT_IN\"", listed.Output.Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_the_settings_is_told_at_once()
    {
        await using var scratch = new Scratch();

        var process = ChildProcess.Start(
            scratch,
            Artifacts.ControlPlane,
            [],
            new Dictionary<string, string>
            {
                ["Mesh__DataFolder"] = "relative",
                ["Mesh__GrpcAddress"] = "http://192.0.2.1:8081",
                ["Mesh__HttpAddress"] = "http://192.0.2.1:8080",
                ["Mesh__ManagementAddress"] = "8082",
            }
        );

        Assert.Equal(2, await process.ExitWithOutput(Ct));
        Assert.Equal(
            ["Mesh__GrpcAddress", "Mesh__HttpAddress", "Mesh__ManagementAddress", "Mesh__DataFolder"],
            process.Output.Talk.Split('\n').Select(line => line.Split(' ')[1])
        );
        Assert.Empty(process.Output.Data);
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Folder));
    }

    [Fact]
    public async Task Values_that_cannot_be_read_are_told_with_their_variables_and_hide_nothing_else()
    {
        await using var scratch = new Scratch();
        var run = ControlPlaneRuns.Start(
            scratch,
            ["admin-token"],
            ("Mesh__AllowPlaintext", "yes"),
            ("Mesh__ManagementAddress", "8082"),
            ("Mesh__AgentStream__HeartbeatInterval", "abc"),
            ("Mesh__AgentStream__ConcurrentAttaches", "0"),
            ("Mesh__EmbeddedPostgres__StopTimeout", "00:00:00"),
            ("Logging__Console__MaxQueueLength", "many")
        );

        Assert.Equal(
            [
                "error: Logging__Console__MaxQueueLength is \"many\": it must be a whole number.",
                "error: Mesh__AllowPlaintext is \"yes\": it must be true or false.",
                "error: Mesh__AgentStream__HeartbeatInterval is \"abc\": it must be a duration from 00:00:01 to 00:05:00, such as 00:00:10.",
                "error: Mesh__AgentStream__ConcurrentAttaches is \"0\": it must be a whole number from 1 to 1000.",
                "error: Mesh__EmbeddedPostgres__StopTimeout is \"00:00:00\": it must be a duration from 00:00:01 to 00:10:00, such as 00:00:10.",
                "error: Mesh__ManagementAddress is \"8082\": it must be http://ADDRESS:PORT with an IP address or localhost.",
            ],
            await run.EndsWithErrors(2, Ct)
        );
        Assert.False(Directory.Exists(scratch["data"]));
    }

    [Fact]
    public async Task Misspelt_settings_are_told_before_anything_is_written()
    {
        await using var scratch = new Scratch();
        var run = ControlPlaneRuns.Start(
            scratch,
            [],
            ("Mesh__GrpcAdress", "http://127.0.0.1:0"),
            ("Mesh__AgentStream__DrainTimes", "00:00:01"),
            ("ConnectionString__Mesh", "Host=db"),
            ("Logging__LogLevel__Default", "Informatoin")
        );

        Assert.Equal(
            [
                "error: ConnectionString__Mesh is not a setting of the control plane. Did you mean ConnectionStrings__Mesh?",
                "error: Mesh__AgentStream__DrainTimes is not a setting of the control plane. Did you mean Mesh__AgentStream__DrainTime?",
                "error: Mesh__GrpcAdress is not a setting of the control plane. Did you mean Mesh__GrpcAddress?",
                "error: Logging__LogLevel__Default is \"Informatoin\": it must be one of Trace, Debug, Information, Warning, Error, Critical, None.",
            ],
            await run.EndsWithErrors(2, Ct)
        );
        Assert.False(Directory.Exists(scratch["data"]));
    }

    [Fact]
    public async Task Files_of_the_folder_that_it_is_started_from_are_none_of_its_settings()
    {
        await using var scratch = new Scratch();
        // Where it is started from, as every process of a test is.
        await File.WriteAllTextAsync(scratch["appsettings.json"], """{"Mesh": {"AllowPlaintext": "perhaps"}}""", Ct);

        var run = ControlPlaneRuns.Start(
            scratch,
            ["admin-token"],
            ("ConnectionStrings__Mesh", "Host=127.0.0.1;Port=1")
        );

        // It gets as far as the database.
        Assert.Contains("can't be reached", Assert.Single(await run.EndsWithErrors(1, Ct)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Mesh__GrpcAddress")]
    [InlineData("Mesh__HttpAddress")]
    [InlineData("Mesh__ManagementAddress")]
    public async Task Port_that_is_taken_is_told_with_the_setting_that_chooses_another(string setting)
    {
        await using var scratch = new Scratch();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = $"http://{taken.LocalEndpoint}";

        var run = ControlPlaneRuns.Start(scratch, [], (setting, address));

        var error = Assert.Single(await run.EndsWithErrors(1, Ct));
        Assert.Contains(address, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch["data"]));
        Assert.Contains($"set another address: {setting}.", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("admin-token", "--help")]
    [InlineData("admin-token", "-h")]
    [InlineData("help", "admin-token")]
    public async Task Help_is_printed_wherever_it_is_asked_for(params string[] arguments)
    {
        await using var scratch = new Scratch();

        var run = ControlPlaneRuns.Start(scratch, arguments);

        Assert.Empty(await run.EndsWithErrors(0, Ct));
        Assert.Contains("mesh-control-plane admin-token ", run.Output.Data, StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch["data"]));
    }
}
