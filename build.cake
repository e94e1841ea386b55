#load "eng/testing.cake"

var target = Argument("target", "Build");
var configuration = Argument("configuration", "Release");

const string Solution = "Coder.Mesh.sln";
// Of the npm package @bufbuild/buf; used where no buf is on PATH.
const string BufVersion = "1.75.0";

var artifacts = MakeAbsolute(Directory("artifacts"));
var executables = new (string Name, string Project)[]
{
    ("mesh-control-plane", "src/ControlPlane/Coder.Mesh.ControlPlane.csproj"),
    ("mesh-agent", "src/Agent/Coder.Mesh.Agent.csproj"),
    ("mesh", "src/Cli/Coder.Mesh.Cli.csproj"),
};

void Must(string tool, string arguments, string remedy)
{
    var code = StartProcess(tool, new ProcessSettings { Arguments = arguments });
    if (code != 0)
        throw new CakeException(code, $"{tool} {arguments} ended with code {code}. {remedy}");
}

bool Answers(string tool, string arguments)
{
    try
    {
        var settings = new ProcessSettings { Arguments = arguments, Silent = true };
        settings.RedirectStandardOutput = settings.RedirectStandardError = true;
        return StartProcess(tool, settings) == 0;
    }
    catch (Exception e) when (e is System.ComponentModel.Win32Exception or FileNotFoundException)
    {
        return false;
    }
}

Task("Format").Does(() => Must("dotnet", "csharpier format .", ""));

Task("LintSources").Does(() => Must("dotnet", "csharpier check .", "./build.sh format mends it."));

// What a developer may do without is not left out in CI.
void Skip(string what)
{
    if (EnvironmentVariable("CI") == "true")
        throw new CakeException($"In CI nothing is skipped: {what}");
    Warning($"Skipped: {what}");
}

// Buf, as it is on PATH or as npm fetches it; null where neither is there.
(string Tool, string Prefix)? Buf()
{
    const string Npm = $"exec --yes --package=@bufbuild/buf@{BufVersion} -- buf ";
    return Answers("buf", "--version") ? ("buf", "")
        : Answers("npm", $"{Npm}--version") ? ("npm", Npm)
        : null;
}

// The protos of Google.Api.CommonProtos that ours import, where buf.yaml has them. Nothing else of that package is needed.
void ImportProtos()
{
    // Apart from the question: the property is part of what the restore writes.
    DotNetRestore("src/Protocol", new DotNetRestoreSettings { Verbosity = DotNetVerbosity.Quiet });
    var code = StartProcess("dotnet", new ProcessSettings
    {
        Arguments = "msbuild src/Protocol -getProperty:GoogleApiCommonProtos_ProtosPath",
        RedirectStandardOutput = true,
    }, out var output);
    var lines = output.ToList();
    if (code != 0 || lines.TrueForAll(l => l.Length == 0))
        throw new CakeException($"MSBuild does not know where google/api is: {string.Join(' ', lines)}");
    var api = Directory(lines.Last(l => l.Length > 0)) + Directory("google/api");
    EnsureDirectoryExists("artifacts/imports/google/api");
    CopyFiles(new[] { "annotations.proto", "http.proto" }.Select(name => (FilePath)(api + File(name))),
        "artifacts/imports/google/api");
}

// The protos of each release are kept as an image: a clone without tags, as CI's may be, can be compared with them too.
IEnumerable<(System.Version Version, string Image)> ReleasedProtos() =>
    GetFiles("eng/protos/v*.binpb")
        .Select(f => (System.Version.Parse(f.GetFilenameWithoutExtension().FullPath[1..]), f.FullPath))
        .OrderBy(r => r.Item1);

Task("LintProtos").Does(() =>
{
    if (Buf() is not var (tool, prefix))
    {
        Skip("protos are not linted, for neither buf nor an npm that can fetch it is there.");
        return;
    }

    ImportProtos();
    Must(tool, $"{prefix}lint", "The lines above name file, line and rule.");
    // As an image, which a release's is too: sources of two modules would be compared module by module.
    Must(tool, $"{prefix}build -o artifacts/protos.binpb", "");
    foreach (var (version, image) in ReleasedProtos().TakeLast(1))
        Must(tool, $"{prefix}breaking artifacts/protos.binpb --against {image}",
            $"The lines above break clients of {version}; docs/protocol.md says what may change.");
});

Task("LintScripts").Does(() =>
{
    if (Answers("shellcheck", "--version"))
    {
        var scripts = string.Join(' ', GetFiles("findings/*sh").Select(f => f.FullPath));
        Must("shellcheck", $"build.sh eng/run.sh .ci/run {scripts}", "The lines above name file, line and rule.");
    }
    else
        Skip("shell scripts are not linted, for shellcheck is not there.");
});

Task("Lint").IsDependentOn("LintSources").IsDependentOn("LintProtos").IsDependentOn("LintScripts");

// One compiler server builds all projects in a third of the time, even where the environment turns it off. It is ended
// afterwards, for what follows needs its memory.
Task("Build").Does(() =>
{
    var settings = new DotNetBuildSettings
    {
        Configuration = configuration,
        NoLogo = true,
        MSBuildSettings = new DotNetMSBuildSettings().WithProperty("UseSharedCompilation", "true"),
    };
    DotNetBuild(Solution, settings);
    DotNetBuildServerShutdown(new DotNetBuildServerShutdownSettings { VBCSCompiler = true });
});

void Link(FilePath link, string target)
{
    System.IO.File.Delete(link.FullPath);
    System.IO.File.CreateSymbolicLink(link.FullPath, target);
}

// What links native code; null where there is none.
string Linker() => new[] { "clang", "gcc" }.FirstOrDefault(compiler => Answers(compiler, "--version"));

void PublishNative(string project, DirectoryPath folder, string linker)
{
    DotNetPublish(project, new DotNetPublishSettings
    {
        Configuration = configuration,
        Runtime = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier,
        NoLogo = true,
        OutputDirectory = folder,
        MSBuildSettings = new DotNetMSBuildSettings()
            .WithProperty("PublishAot", "true")
            .WithProperty("CppCompilerAndLinker", linker),
    });
}

// Each executable is a folder in artifacts/lib and a link to its entry point: what was built once is what is published
// and tested, and files beside the program (web assets) need no unpacking.
Task("PublishManaged").IsDependentOn("Build").Does(() =>
{
    // Where there is a linker, mesh comes from PublishNativeMesh alone.
    var meshIsNative = Linker() is not null;
    foreach (var (name, project) in executables.Where(e => e.Name != "mesh" || !meshIsNative))
    {
        var folder = artifacts.Combine("lib").Combine(name);
        DotNetPublish(project, new DotNetPublishSettings
        {
            Configuration = configuration,
            NoBuild = true,
            NoLogo = true,
            OutputDirectory = folder,
        });
        Link(artifacts.CombineWithFilePath(name), $"lib/{name}/{name}");
    }
});

// People wait for mesh at each command, and as native code it starts in a tenth of the time: that is worth half a minute here.
Task("PublishNativeMesh").IsDependentOn("PublishManaged").Does(() =>
{
    if (Linker() is not { } linker)
    {
        Skip("mesh is not made as native code, for neither clang nor gcc is there; as it is now it starts slower.");
        return;
    }

    var folder = artifacts.Combine("lib").Combine("mesh-native");
    CleanDirectory(folder);
    PublishNative("src/Cli/Coder.Mesh.Cli.csproj", folder, linker);
    Link(artifacts.CombineWithFilePath("mesh"), "lib/mesh-native/mesh");
});

Task("Publish").IsDependentOn("PublishManaged").IsDependentOn("PublishNativeMesh");

Task("Test").IsDependentOn("Lint").IsDependentOn("Publish").Does(() =>
{
    var only = Argument("projects", "").Split(',', StringSplitOptions.RemoveEmptyEntries);
    var tests = new TestRun(configuration, artifacts.FullPath);
    tests.Execute(only);
});

Task("Chaos").IsDependentOn("Publish").Does(() =>
{
    Environment.SetEnvironmentVariable("MESH_CHAOS_DURATION", Argument("duration", "00:10:00"));
    Environment.SetEnvironmentVariable("MESH_CHAOS_SEED", Argument("seed", ""));
    new TestRun(configuration, artifacts.FullPath).Chaos();
});

Task("Fuzz").IsDependentOn("Build").Does(() =>
{
    Environment.SetEnvironmentVariable("MESH_FUZZ_INPUTS", Argument("inputs", "1000000"));
    Environment.SetEnvironmentVariable("MESH_FUZZ_SEED", Argument("seed", ""));
    new TestRun(configuration, artifacts.FullPath).Fuzz();
});

// What later versions are compared with: the protos, and what agent and control plane say to each other.
Task("Record").IsDependentOn("Publish").Does(() =>
{
    var version = Argument<string>("release");
    if (Buf() is not var (tool, prefix))
        throw new CakeException("Neither buf nor an npm that can fetch it is there.");
    EnsureDirectoryExists("eng/protos");
    ImportProtos();
    Must(tool, $"{prefix}build -o eng/protos/{version}.binpb", "");
    Environment.SetEnvironmentVariable("MESH_RECORD_VERSION", version);
    new TestRun(configuration, artifacts.FullPath, "-explicit", "only", "-class", "*.FrameRecording").Execute(["EndToEnd"]);
});

// Everything of a release has to be of the same version before anything of it is pushed.
Task("Release").IsDependentOn("Publish").Does(() =>
{
    var version = Argument<string>("release");
    void Need(bool there, string what)
    {
        if (!there)
            throw new CakeException($"{version} can't be released: {what}. docs/releasing.md has the steps.");
    }

    string Git(string arguments)
    {
        var settings = new ProcessSettings { Arguments = arguments, RedirectStandardOutput = true };
        using var process = StartAndReturnProcess("git", settings);
        process.WaitForExit();
        return string.Join('\n', process.GetStandardOutput());
    }

    Need(System.Text.RegularExpressions.Regex.IsMatch(version, @"^v\d+\.\d+\.\d+$"), "a version is vX.Y.Z");
    Need(Git("status --porcelain").Length == 0, "there are changes that are not committed");
    Need(Git("tag --points-at HEAD").Split('\n').Contains(version), $"HEAD has no tag {version}");
    Need(System.IO.File.ReadAllText("CHANGELOG.md").Contains($"## [{version[1..]}]"), "CHANGELOG.md has no section of it");
    Need(FileExists($"eng/protos/{version}.binpb"), "its protos are not recorded");
    Need(GetFiles($"tests/Frames/{version}/*.jsonl").Count > 0, "its frames are not recorded");
    DotNetPack("src/Protocol/Coder.Mesh.Protocol.csproj", new DotNetPackSettings
    {
        Configuration = configuration,
        NoBuild = true,
        NoLogo = true,
        OutputDirectory = artifacts.Combine("packages"),
    });
    var package = artifacts.CombineWithFilePath($"packages/Coder.Mesh.Protocol.{version[1..]}.nupkg");
    Need(FileExists(package), $"{package.GetFilename()} was not made: the build has another version");
    Console.WriteLine($"{version} is ready: push the tag, and {package.GetFilename()} with its symbols, from {artifacts}.");
});

// Native code takes minutes to make: the agent is built so for its image, and its end-to-end tests are run against that.
Task("Aot").IsDependentOn("Publish").Does(() =>
{
    var native = artifacts.Combine("aot");
    var linker = Linker() ?? throw new CakeException("Native code is linked by clang or gcc; neither is there.");
    PublishNative("src/Agent/Coder.Mesh.Agent.csproj", native.Combine("lib").Combine("mesh-agent"), linker);
    foreach (var (name, target) in executables.Select(e => (e.Name, Target: $"../{e.Name}")))
        Link(native.CombineWithFilePath(name), name == "mesh-agent" ? "lib/mesh-agent/mesh-agent" : target);

    var size = new System.IO.FileInfo(native.CombineWithFilePath("lib/mesh-agent/mesh-agent").FullPath).Length;
    Console.WriteLine($"mesh-agent: {size / 1048576.0:0.0} MiB of native code");
    new TestRun(configuration, native.FullPath, "-explicit", "on").Execute(["EndToEnd"]);
});

RunTarget(target);
