using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.Completion;

/// <summary>What the shells complete, asked of the shells themselves.</summary>
public sealed class CompletionTests : CliTest
{
    private const string Limit = "MESH_COMPLETION_TIMEOUT";

    public static TheoryData<string, string, string> Lines =>
        new()
        {
            { "mesh pro", "providers", "a command" },
            { "mesh providers unc", "uncordon", "a command of a command" },
            { "mesh ws l", "ls", "not its other name as well" },
            { "mesh ws li", "list", "another name that is meant" },
            { "mesh providers ls --st", "--status", "an option" },
            { "mesh providers ls --status ", "error pending ready", "the values of an option" },
            { "mesh providers ls --status=r", "--status=ready", "a value after =" },
            { "mesh providers ls --cordoned=", "--cordoned=false --cordoned=true", "truths" },
            { "mesh workspaces ls -o y", "yaml", "a format" },
            { "mesh completion ", "bash fish zsh", "shells" },
            { "mesh providers show ", "built-in eu-west-1", "providers" },
            { "mesh providers show e", "eu-west-1", "a provider" },
            { "mesh providers rm eu-west-1 b", "built-in", "a provider after another" },
            { "mesh providers create b", "", "a new provider has a new name" },
            { "mesh orgs allow ", "acme", "an organization first" },
            { "mesh orgs allow acme ", "built-in eu-west-1", "and then a provider" },
            { "mesh workspaces create dev --org ", "acme", "an organization" },
            { "mesh workspaces create dev --wait --provider e", "eu-west-1", "a provider after a flag" },
            { "mesh workspaces show ", "dev", "a workspace" },
            { "mesh providers ls --context ", "a:1 a:2 me@prod me@test", "contexts" },
            { "mesh contexts use a:", "a:1 a:2", "contexts with a colon" },
            { "mesh contexts use me@", "me@prod me@test", "contexts with an at sign" },
            { "mesh contexts use me@p", "me@prod", "one of them" },
            { "mesh nothing ", "", "nothing" },
        };

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Bash_completes(string line, string words, string what)
    {
        Populate();
        // The words as readline splits them, and what it would put in place of the last.
        var script = $$"""
            source <("$MESH" completion bash); complete -p mesh >&2
            COMP_LINE='{{line}}' COMP_POINT=${#COMP_LINE}
            COMP_POINT=${#COMP_LINE}
            IFS=$'\n' read -d '' -ra COMP_WORDS < <(sed 's/\([=:@]\)/ \1 /g; s/ *$/\n/; s/  */\n/g' <<<"${COMP_LINE# }")
            case $COMP_LINE in *' ') COMP_WORDS+=('') ;; esac
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_WORDS[0]=$MESH
            last=${COMP_WORDS[COMP_CWORD]}; [[ $last == [=:@] ]] && last=
            typed=${COMP_LINE##* }
            _mesh
            for reply in "${COMPREPLY[@]}"; do printf '%s\n' "${typed%"$last"}$reply"; done
            """;

        var run = await Shell("/bin/bash", script);

        Assert.Equal("complete -F _mesh mesh\n", run.Stderr);
        Assert.True(words == Sorted(run.Stdout), $"{what}: {run.Stdout}");
    }

    /// <summary>As somebody types it: what readline hands over and what it replaces is its own.</summary>
    [Theory]
    [InlineData("mesh contexts use me@p", "mesh contexts use me@prod")]
    [InlineData("mesh contexts use a:1", "mesh contexts use a:1")]
    [InlineData("mesh providers ls --status=rea", "mesh providers ls --status=ready")]
    [InlineData("mesh contexts use m", "mesh contexts use me@")]
    public async Task Bash_completes_at_its_prompt(string typed, string line)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "util-linux's script makes the pseudo-terminal");
        Populate();
        Mesh.Variables["MESH"] = MeshProcess.Executable;
        Mesh.Variables["TERM"] = "xterm-256color";
        using var bash = Mesh.Start("script", ["-qec", "/bin/bash --norc --noprofile -i", "/dev/null"]);
        await bash.StandardInput.WriteAsync("PATH=${MESH%/*}:$PATH; source <(mesh completion bash)\n");

        // Completed, then printed by an echo in front of it.
        await bash.StandardInput.WriteAsync($"{typed}\t\u0001echo '\u0005' > line\nexit\n");
        await bash.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        var run = await Mesh.Finish(bash);

        var file = Path.Combine(Mesh.Home, "line");
        Assert.True(File.Exists(file), run.Stdout);
        Assert.Equal(line, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Trim());
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Fish_completes(string line, string words, string what)
    {
        Populate();

        var run = await Shell(
            "/usr/bin/fish",
            $"fish_add_path --path (path dirname $MESH); $MESH completion fish | source; complete -C '{line}'"
        );

        Assert.Equal("", run.Stderr);
        Assert.True(words == Sorted(run.Stdout), $"{what}: {run.Stdout}");
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Zsh_completes(string line, string words, string what)
    {
        Populate();
        var before = line[..line.LastIndexOf(' ')].Split(' ')[1..];
        // The widgets of its completion system need a terminal: these stand in for two of its functions.
        var script = $$"""
            compdef() { print -u2 "compdef $*" }
            _describe() { local -a d; d=("${(@P)2}"); for w in $d; do w=${w//\\:/$'\1'}; print -r -- "${${w%%:*}//$'\1'/:}"; done }
            source <("$MESH" completion zsh)
            words=("$MESH" {{string.Join(' ', before)}} '{{line[(line.LastIndexOf(' ') + 1)..]}}')
            CURRENT=$#words PREFIX={{line[(line.LastIndexOf(' ') + 1)..]}}
            _mesh
            """;

        var run = await Shell("/usr/bin/zsh", script);

        Assert.Equal("compdef _mesh mesh\n", run.Stderr);
        Assert.True(words == Sorted(run.Stdout), $"{what}: {run.Stdout}");
    }

    [Theory]
    [InlineData(
        "/bin/bash",
        "COMP_LINE='~/mesh pro' COMP_POINT=10 COMP_CWORD=1 COMP_WORDS=('~/mesh' pro); _mesh; echo $COMPREPLY"
    )]
    [InlineData("/usr/bin/fish", "complete -C '~/mesh pro'")]
    [InlineData("/usr/bin/zsh", "words=('~/mesh' pro) CURRENT=2 PREFIX=pro; _mesh")]
    public async Task Program_that_is_called_from_home_completes_too(string shell, string ask)
    {
        File.CreateSymbolicLink(Path.Combine(Mesh.Home, "mesh"), MeshProcess.Executable);
        var name = Path.GetFileName(shell);
        var load = name == "fish" ? "$MESH completion fish | source" : $"source <(\"$MESH\" completion {name})";

        var run = await Shell(
            shell,
            name == "zsh"
                ? $"compdef() {{ }}; _describe() {{ print -r -- ${{(P)2}} }}; {load}; {ask}"
                : $"{load}; {ask}"
        );

        Assert.Equal("", run.Stderr);
        Assert.StartsWith("providers", run.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_the_shells_business()
    {
        Mesh.Variables["LC_ALL"] = "C";
        await File.WriteAllTextAsync(Path.Combine(Mesh.Home, "prod.token"), "", TestContext.Current.CancellationToken);

        var asked = await Mesh.Run("[suggest]", "mesh providers ls --token-file ");
        var fish = await Shell(
            "/usr/bin/fish",
            "fish_add_path --path (path dirname $MESH); $MESH completion fish | source; complete -C 'mesh whoami --token-file pr'"
        );

        Assert.Equal(":files\n", asked.Stdout);
        Assert.Equal("prod.token", Sorted(fish.Stdout));
    }

    [Fact]
    public async Task Names_that_take_too_long_are_none()
    {
        Server.Hangs = true;

        var soon = await Mesh.Run("[suggest]", "mesh providers show ");
        // On a busy machine nobody may have come within a second.
        Assert.All(Server.Patience, time => Assert.InRange(time, TimeSpan.MinValue, TimeSpan.FromSeconds(1)));
        Server.Patience.Clear();
        Mesh.Variables[Limit] = "4s";
        var later = await Mesh.Run("[suggest]", "mesh providers show ");

        Assert.InRange(Assert.Single(Server.Patience), TimeSpan.MinValue, TimeSpan.FromSeconds(4));
        Assert.All(new[] { soon, later }, run => Assert.Equal((0, "", ""), (run.ExitCode, run.Stdout, run.Stderr)));
    }

    [Theory]
    [InlineData("$(id)")]
    [InlineData("a;id")]
    [InlineData("a b")]
    [InlineData("a\tb")]
    [InlineData("a\u001b[31m")]
    public async Task Name_that_is_more_than_a_word_to_a_shell_is_none(string name)
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Pending(name)]);
        Mesh.Variables[Limit] = "60s";

        var run = await Mesh.Run("[suggest]", "mesh providers show ");

        Assert.Equal("built-in\t\n", run.Stdout);
    }

    [Fact]
    public async Task Names_of_many_are_told()
    {
        foreach (var i in Enumerable.Range(100, 300))
            Server.Workspaces.All.Add(Sample.Workspace($"dev-{i}", V1.WorkspaceState.Running));
        Mesh.Variables[Limit] = "60s";

        var run = await Mesh.Run("[suggest]", "mesh workspaces show dev-39");

        Assert.Equal(10, run.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Nothing_that_is_wrong_is_told_at_a_prompt()
    {
        Populate();
        var broken = await Mesh.Run("[suggest]", "mesh --context ");
        Mesh.Variables["MESH_TOKEN"] = "mat_wrong";
        var refused = await Mesh.Run("[suggest]", "mesh providers show ");
        Mesh.Variables.Remove("MESH_TOKEN");
        Mesh.Variables["MESH_ADDRESS"] = "nonsense";
        var nowhere = await Mesh.Run("[suggest]", "mesh providers show ");
        var unfinished = await Mesh.Run("[suggest]", "mesh providers ls --limit soon \"");
        var empty = await Mesh.Run("[suggest]");

        Assert.Equal(4, broken.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.All(
            new[] { refused, nowhere, unfinished },
            run => Assert.Equal((0, "", ""), (run.ExitCode, run.Stdout, run.Stderr))
        );
        Assert.Equal((0, ""), (empty.ExitCode, empty.Stderr));
    }

    private void Populate()
    {
        Mesh.Variables[Limit] = "60s";
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Broken()]);
        Server.Organizations.All.Add(Sample.Organization("acme", "built-in"));
        Server.Workspaces.All.Add(Sample.Workspace("dev", V1.WorkspaceState.Running));
        var folder = Directory.CreateDirectory(Path.Combine(Mesh.Home, ".config", "coder-mesh"));
        File.WriteAllText(
            Path.Combine(folder.FullName, "config.json"),
            """
            { "contexts": {
                "a:1": { "address": "https://a.example" },
                "a:2": { "address": "https://b.example" },
                "me@prod": { "address": "https://c.example" },
                "me@test": { "address": "https://d.example" }
            } }
            """
        );
    }

    private async Task<MeshRun> Shell(string shell, string script)
    {
        Assert.SkipUnless(File.Exists(shell), $"{shell} is not there");
        Mesh.Variables["MESH"] = MeshProcess.Executable;
        using var process = Mesh.Start(shell, ["-c", script]);
        process.StandardInput.Close();
        return await Mesh.Finish(process);
    }

    private static string Sorted(string output) =>
        string.Join(
            ' ',
            output
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => l.Split('\t')[0])
                .Order(StringComparer.Ordinal)
        );
}
