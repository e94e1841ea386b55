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

Task("LintProtos").Does(() =>
{
    const string Npm = $"exec --yes --package=@bufbuild/buf@{BufVersion} -- buf";
    const string Remedy = "The lines above name file, line and rule.";
    if (Answers("buf", "--version"))
        Must("buf", "lint", Remedy);
    else if (Answers("npm", $"{Npm} --version"))
        Must("npm", $"{Npm} lint", Remedy);
    else
        Warning("Skipped: protos are not linted, for neither buf nor an npm that can fetch it is there.");
});

Task("LintScripts").Does(() =>
{
    if (Answers("shellcheck", "--version"))
        Must("shellcheck", "build.sh eng/run.sh .ci/run", "The lines above name file, line and rule.");
    else
        Warning("Skipped: shell scripts are not linted, for shellcheck is not there.");
});

Task("Lint").IsDependentOn("LintSources").IsDependentOn("LintProtos").IsDependentOn("LintScripts");

Task("Build").Does(() =>
    DotNetBuild(Solution, new DotNetBuildSettings { Configuration = configuration, NoLogo = true }));

// Each executable is a folder in artifacts/lib and a link to its entry point: what was built once is what is published
// and tested, and files beside the program (web assets) need no unpacking.
Task("Publish").IsDependentOn("Build").Does(() =>
{
    foreach (var (name, project) in executables)
    {
        var folder = artifacts.Combine("lib").Combine(name);
        DotNetPublish(project, new DotNetPublishSettings
        {
            Configuration = configuration,
            NoBuild = true,
            NoLogo = true,
            OutputDirectory = folder,
        });
        var link = artifacts.CombineWithFilePath(name).FullPath;
        System.IO.File.Delete(link);
        System.IO.File.CreateSymbolicLink(link, $"lib/{name}/{name}");
    }
});

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

// Native code takes minutes to make: the agent is built so for its image, and its end-to-end tests are run against that.
Task("Aot").IsDependentOn("Publish").Does(() =>
{
    var native = artifacts.Combine("aot");
    DotNetPublish("src/Agent/Coder.Mesh.Agent.csproj", new DotNetPublishSettings
    {
        Configuration = configuration,
        Runtime = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier,
        NoLogo = true,
        OutputDirectory = native.Combine("lib").Combine("mesh-agent"),
        MSBuildSettings = new DotNetMSBuildSettings().WithProperty("PublishAot", "true"),
    });
    foreach (var (name, target) in executables.Select(e => (e.Name, Target: $"../{e.Name}")))
    {
        var link = native.CombineWithFilePath(name).FullPath;
        System.IO.File.Delete(link);
        System.IO.File.CreateSymbolicLink(link, name == "mesh-agent" ? "lib/mesh-agent/mesh-agent" : target);
    }

    var size = new System.IO.FileInfo(native.CombineWithFilePath("lib/mesh-agent/mesh-agent").FullPath).Length;
    Console.WriteLine($"mesh-agent: {size / 1048576.0:0.0} MiB of native code");
    new TestRun(configuration, native.FullPath, "-explicit", "on").Execute(["EndToEnd"]);
});

RunTarget(target);
