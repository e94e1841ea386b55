using System.Collections.Concurrent;
using System.Diagnostics;
using IO = System.IO;
using Tasks = System.Threading.Tasks;
using System.Xml.Linq;

// Runs test projects as the executables that they are, and tells what came of them from the reports that they write:
// a project that wrote none, or ran no test, has failed.

record TestFailure(string Test, string Message, string StackTrace);

record TestSkip(string Test, string Reason);

record ProjectResult(
    string Name,
    int Passed,
    int Failed,
    TimeSpan Duration,
    IReadOnlyList<TestFailure> Failures,
    IReadOnlyList<TestSkip> Skips
);

class TestRun(string configuration, string artifacts, params string[] options)
{
    private const int AtOnce = 2;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(18);

    // The longest start first; the others fill in beside them. The first mostly waits and the second mostly computes.
    private static readonly string[] Longest = ["EndToEnd.Tests", "ControlPlane.Tests", "Kubernetes.Tests", "Load.Tests"];

    // A test run is a thousand short-lived processes and hosts. What the runtime does for those that live long (code that is
    // measured so that it can be compiled better) or are attacked (each piece of code is mapped twice) costs a third of it. The
    // last is for the servers of Kubernetes: they have memory to spare, and collect garbage less often.
    private static readonly (string Name, string Value)[] Runtime =
    [
        ("DOTNET_TieredPGO", "0"),
        ("DOTNET_EnableWriteXorExecute", "0"),
        ("GOGC", "300"),
    ];

    private readonly string _results = IO.Path.Combine(artifacts, "test-results");
    private readonly object _console = new();

    public void Execute(IReadOnlyList<string> only)
    {
        IO.Directory.CreateDirectory(_results);
        var queue = new ConcurrentQueue<string>(Projects(only));
        var results = new ConcurrentBag<ProjectResult>();

        Tasks.Task.WaitAll([.. Enumerable.Range(0, AtOnce).Select(_ => Tasks.Task.Run(() => Drain(queue, results)))]);

        Report([.. results.OrderBy(r => r.Name, StringComparer.Ordinal)]);
    }

    /// <summary>The one test that kills everything, for as long as the environment says, with what it tells as it goes.</summary>
    public void Chaos() =>
        One("EndToEnd", "*.ChaosTests", "A promise was broken, or the run could not be made: see above.");

    /// <summary>The one test that sends whatever bytes there are, as many as the environment says.</summary>
    public void Fuzz() => One("ControlPlane", "*.FuzzTests", "An input was not dealt with: see above.");

    private void One(string project, string test, string failed)
    {
        var program = $"tests/{project}.Tests/bin/{configuration}/net10.0/Coder.Mesh.{project}.Tests";
        string[] options = ["-class", test, "-showLiveOutput", "-diagnostics", "-noLogo", "-noColor"];
        var start = new ProcessStartInfo(program, options);
        start.Environment["MESH_ARTIFACTS"] = artifacts;
        // Asked for by name, it isn't skipped.
        start.Environment["MESH_REQUIRE_KUBERNETES"] = "1";
        using var process = Process.Start(start);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new CakeException(failed);
    }

    private static IEnumerable<string> Projects(IReadOnlyList<string> only)
    {
        var all = IO.Directory.GetDirectories("tests", "*.Tests").Select(IO.Path.GetFileName).ToList();
        var unknown = only.Where(name => !all.Contains($"{name}.Tests")).ToList();
        if (unknown.Count > 0)
        {
            var names = string.Join(", ", all.Order().Select(name => name[..^".Tests".Length]));
            throw new CakeException($"No test project is named {string.Join(", ", unknown)}. There are: {names}.");
        }

        return all.Where(name => only.Count == 0 || only.Contains(name[..^".Tests".Length]))
            .OrderBy(name => (uint)Array.IndexOf(Longest, name))
            .ThenBy(name => name, StringComparer.Ordinal);
    }

    private void Drain(ConcurrentQueue<string> queue, ConcurrentBag<ProjectResult> results)
    {
        while (queue.TryDequeue(out var name))
        {
            Say($"{name} …");
            var result = Run(name);
            Say(
                $"{name}: {result.Passed} passed, {result.Failed} failed, {result.Skips.Count} skipped"
                    + $" ({result.Duration.TotalSeconds:0} s)"
            );
            results.Add(result);
        }
    }

    private ProjectResult Run(string name)
    {
        var report = IO.Path.Combine(_results, $"{name}.xml");
        var log = IO.Path.Combine(_results, $"{name}.log");
        IO.File.Delete(report);
        var clock = Stopwatch.StartNew();
        var (code, trouble) = Start(name, report, log);
        return Read(name, report, log, code, trouble, clock.Elapsed);
    }

    private (int Code, string Trouble) Start(string name, string report, string log)
    {
        var program = $"tests/{name}/bin/{configuration}/net10.0/Coder.Mesh.{name}";
        // A shell redirects: a pipe would wait for whatever process a test left behind with the pipe in its hands.
        const string Script = "log=$1; shift; exec \"$@\" >\"$log\" 2>&1 </dev/null";
        string[] command = [program, "-result-xml", report, "-noLogo", "-noColor", "-longRunning", "60", .. options];
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", log, .. command]);
        start.Environment["MESH_ARTIFACTS"] = artifacts;
        foreach (var (setting, value) in Runtime)
            start.Environment[setting] = value;
        using var process = Process.Start(start);
        if (process.WaitForExit(Limit))
            return (process.ExitCode, "");

        process.Kill(entireProcessTree: true);
        process.WaitForExit(TimeSpan.FromSeconds(10));
        return (-1, $"It had not ended after {Limit.TotalMinutes:0} minutes and was killed.");
    }

    private static ProjectResult Read(
        string name,
        string report,
        string log,
        int code,
        string trouble,
        TimeSpan duration
    )
    {
        var tests = Load(report).SelectMany(assembly => assembly.Descendants("test")).ToList();
        var failures = tests.Where(Is("Fail")).Select(Failure).Concat(Load(report).SelectMany(Errors)).ToList();
        var skips = tests.Where(Is("Skip")).Select(Skip).ToList();
        var passed = tests.Count(Is("Pass"));
        if (trouble == "" && tests.Count == 0)
            trouble = IO.File.Exists(report) ? "It ran no tests." : $"It wrote no report (exit code {code}).";
        if (trouble == "" && code != 0 && failures.Count == 0)
            trouble = $"It ended with exit code {code} though no test failed.";
        if (trouble != "")
            failures.Add(new TestFailure(name, $"{trouble} {log}:\n{Excerpt(log)}", ""));

        return new ProjectResult(name, passed, failures.Count, duration, failures, skips);
    }

    private static IEnumerable<XElement> Load(string report)
    {
        try
        {
            return IO.File.Exists(report) ? XDocument.Load(report).Root.Elements("assembly") : [];
        }
        catch (System.Xml.XmlException)
        {
            // Killed while it wrote: the same as none.
            return [];
        }
    }

    private static Func<XElement, bool> Is(string result) => test => (string)test.Attribute("result") == result;

    private static TestFailure Failure(XElement test) =>
        new(
            (string)test.Attribute("name"),
            (string)test.Element("failure")?.Element("message") ?? "",
            (string)test.Element("failure")?.Element("stack-trace") ?? ""
        );

    // A fixture or a clean-up that failed: no test's result says so.
    private static IEnumerable<TestFailure> Errors(XElement assembly) =>
        from error in assembly.Elements("errors").Elements("error")
        let failure = error.Element("failure")
        select new TestFailure(
            $"{(string)error.Attribute("type")} {(string)error.Attribute("name")}".Trim(),
            (string)failure?.Element("message") ?? "",
            (string)failure?.Element("stack-trace") ?? ""
        );

    private static TestSkip Skip(XElement test) =>
        new((string)test.Attribute("name"), (string)test.Element("reason") ?? "no reason given");

    // A crash tells its cause first and ends with a long stack; a hang tells it last.
    private static string Excerpt(string log)
    {
        var lines = IO.File.ReadAllLines(log).Where(line => line != "").ToList();
        return string.Join('\n', lines.Count <= 40 ? lines : [.. lines[..15], "…", .. lines[^25..]]);
    }

    private void Report(IReadOnlyList<ProjectResult> results)
    {
        foreach (var result in results)
        foreach (var group in result.Skips.GroupBy(skip => skip.Reason))
        {
            Say($"\nSKIPPED in {result.Name}: {group.Key}");
            foreach (var skip in group)
                Say($"  {skip.Test}");
        }

        foreach (var failure in results.SelectMany(result => result.Failures))
            Say($"\nFAILED {failure.Test}\n{Indent(failure.Message)}\n{Indent(failure.StackTrace)}".TrimEnd());

        var failed = results.Sum(result => result.Failed);
        var summary =
            $"{results.Sum(r => r.Passed)} passed, {failed} failed, {results.Sum(r => r.Skips.Count)} skipped";
        IO.File.WriteAllText(IO.Path.Combine(_results, "summary.txt"), $"{summary}\n");
        if (failed > 0)
            throw new CakeException($"Not all tests passed. Their reports and logs are in {_results}.");
    }

    private static string Indent(string text) => string.Join('\n', text.Split('\n').Select(line => $"  {line}"));

    private void Say(string line)
    {
        lock (_console)
            Console.WriteLine(line);
    }
}
