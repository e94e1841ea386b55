using System.Diagnostics;
using Coder.Mesh.EmbeddedPostgres;

namespace Coder.Mesh.ControlPlane.Tests.EmbeddedPostgres;

public sealed class EmbeddedDatabaseRefusalTests : EmbeddedDatabaseTestBase
{
    [Fact]
    public async Task Without_programs_it_says_what_to_install_or_set_and_where_it_looked()
    {
        var message = await Error(o => (o.SearchPath, o.DistributionFolder) = ("/nowhere/bin", "/nowhere/postgresql"));

        Assert.Contains("postgresql package", message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings__Mesh", message, StringComparison.Ordinal);
        Assert.Contains("/nowhere/bin", message, StringComparison.Ordinal);
        Assert.Contains("/nowhere/postgresql/*/bin", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chosen_programs_folder_without_programs_is_named_and_no_other_searched()
    {
        var message = await Error(o => o.BinariesFolder = "/nowhere/chosen");

        Assert.Contains("Mesh__EmbeddedPostgres__BinariesFolder (/nowhere/chosen)", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Second_control_plane_on_the_folder_is_refused_with_folder_and_process()
    {
        await using var first = await ControlPlaneProcess.Start(Folder, ct: Ct);
        Assert.True(first.Started, first.Message);

        var message = await Error();

        Assert.Contains($"Another control plane (process {first.Id})", message, StringComparison.Ordinal);
        Assert.Contains(Folder, message, StringComparison.Ordinal);
        Assert.Contains("Mesh__DataFolder", message, StringComparison.Ordinal);
        Assert.Equal(1, await Query<int>(first.Message, "select 1"));
    }

    [Fact]
    public async Task Folder_that_can_not_be_written_is_named_with_its_owner()
    {
        // Not even root may make folders there.
        var message = await Error(o => o.DataFolder = "/sys/coder-mesh");

        Assert.Contains("The data folder /sys/coder-mesh can't be written", message, StringComparison.Ordinal);
        Assert.Contains("/sys belongs to root (uid 0)", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_of_another_user_is_refused_with_both_names()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, to be another user.");
        await (await Start()).DisposeAsync();
        var nobody = SystemUser.Named("nobody")!;

        await using var other = await ControlPlaneProcess.Start(Folder, nobody, ct: Ct);

        Assert.False(other.Started);
        Assert.Contains("can't be written by nobody (uid 65534)", other.Message, StringComparison.Ordinal);
        Assert.Contains("belongs to root (uid 0)", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Root_does_not_take_over_the_database_of_another_user()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, to give a folder away.");
        Directory.CreateDirectory(Paths.Root);
        Native.ChangeOwner(Paths.Root, new SystemUser("somebody", 54321, 54321));

        var message = await Error();

        Assert.Contains(Paths.Root, message, StringComparison.Ordinal);
        Assert.Contains("belongs to uid 54321, and this process is root", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task User_without_privileges_runs_it_as_itself()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Without root the other tests show it.");
        var nobody = SystemUser.Named("nobody")!;
        var folder = Directory.CreateTempSubdirectory("mesh-nobody-").FullName;
        Native.ChangeOwner(folder, nobody);
        try
        {
            await using var process = await ControlPlaneProcess.Start(folder, nobody, ct: Ct);

            Assert.True(process.Started, process.Message);
            Assert.Equal(nobody.Uid, Native.Owner(new ClusterPaths(folder).Data));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Root_without_setpriv_is_told_to_install_it()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root steps down.");
        var binaries = await PostgresBinaries.Find(new EmbeddedPostgresOptions(), madeBy: null, Folder, Ct);

        await using var process = await ControlPlaneProcess.Start(Folder, path: binaries.Folder, ct: Ct);

        Assert.False(process.Started);
        Assert.Contains("needs the program setpriv", process.Message, StringComparison.Ordinal);
        Assert.Contains("util-linux", process.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Database_of_another_major_version_is_refused_with_both_versions()
    {
        Directory.CreateDirectory(Paths.Data);
        File.WriteAllText(Path.Combine(Paths.Data, "PG_VERSION"), "12\n");

        var message = await Error();

        Assert.Contains($"The database in {Paths.Data} was made by PostgreSQL 12", message, StringComparison.Ordinal);
        Assert.Contains("Found: ", message, StringComparison.Ordinal);
        Assert.Contains("Install PostgreSQL 12", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_file_that_makes_no_sense_is_named()
    {
        Directory.CreateDirectory(Paths.Data);
        File.WriteAllText(Path.Combine(Paths.Data, "PG_VERSION"), "garbage");

        Assert.Contains("PG_VERSION does not hold the version", await Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Newest_version_is_taken_for_a_new_database_and_the_same_one_for_an_old()
    {
        foreach (var version in (int[])[9, 14, 16])
            FakeBinaries(Path.Combine(Folder, $"{version}", "bin"), version, initdb: "exit 1");
        var options = new EmbeddedPostgresOptions { SearchPath = "", DistributionFolder = Folder };

        var newest = await PostgresBinaries.Find(options, madeBy: null, Folder, Ct);
        var matching = await PostgresBinaries.Find(options, madeBy: 14, Folder, Ct);

        Assert.Equal(new PostgresBinaries(Path.Combine(Folder, "16", "bin"), 16), newest);
        Assert.Equal(new PostgresBinaries(Path.Combine(Folder, "14", "bin"), 14), matching);
    }

    [Fact]
    public async Task Links_in_the_path_lead_to_the_folder_that_has_all_programs()
    {
        var real = Path.Combine(Folder, "real");
        var links = Path.Combine(Folder, "links");
        FakeBinaries(real, 16, initdb: "exit 1");
        Directory.CreateDirectory(links);
        File.CreateSymbolicLink(Path.Combine(links, "postgres"), Path.Combine(real, "postgres"));

        var found = await PostgresBinaries.Find(new EmbeddedPostgresOptions { SearchPath = links }, null, Folder, Ct);

        Assert.Equal(real, found.Folder);
    }

    [Fact]
    public async Task Failed_creation_shows_the_last_words_of_initdb()
    {
        var binaries = Path.Combine(Folder, "fake");
        FakeBinaries(
            binaries,
            16,
            initdb: "echo 'initdb: error: could not write: No space left on device' >&2; exit 1"
        );

        var message = await Error(o => o.BinariesFolder = binaries);

        Assert.Contains($"could not create the database in {Paths.Data}", message, StringComparison.Ordinal);
        Assert.Contains("initdb: error: could not write: No space left on device", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failed_start_shows_the_last_words_of_the_server_and_leaves_the_folder_free()
    {
        var message = await Error(o => o.Settings = new() { ["shared_buffers"] = "nonsense" });

        Assert.Contains("ended while starting", message, StringComparison.Ordinal);
        Assert.Contains(
            "invalid value for parameter \"shared_buffers\": \"nonsense\"",
            message,
            StringComparison.Ordinal
        );
        await using var postgres = await Start();
    }

    [Fact]
    public async Task Start_that_takes_too_long_is_given_up_and_leaves_no_process()
    {
        var binaries = Path.Combine(Folder, "fake");
        const string InitDb =
            """for a; do case "$a" in --pgdata=*) mkdir "${a#*=}"; echo 16 >"${a#*=}/PG_VERSION";; esac; done""";
        FakeBinaries(binaries, 16, InitDb);

        var message = await Error(o => (o.BinariesFolder, o.StartTimeout) = (binaries, TimeSpan.FromMilliseconds(300)));

        Assert.Contains("was not ready within", message, StringComparison.Ordinal);
        Assert.Empty(ServerProcesses());
    }

    private static void FakeBinaries(string folder, int version, string initdb)
    {
        Directory.CreateDirectory(folder);
        foreach (
            var (name, script) in (ReadOnlySpan<(string, string)>)
                [
                    (
                        "postgres",
                        $"[ \"$1\" = --version ] && echo 'postgres (PostgreSQL) {version}.3 (Fake)' || while :; do sleep 1; done"
                    ),
                    ("initdb", initdb),
                ]
        )
        {
            // Another process makes the program: a file that this one had open for writing might be busy, held by a
            // fork of another test.
            var text = Path.Combine(folder, name + ".text");
            File.WriteAllText(text, "#!/bin/sh\n" + script + "\n");
            using var install = Process.Start("install", ["-m", "755", text, Path.Combine(folder, name)]);
            install.WaitForExit();
        }
    }
}
