using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Writes down what happens when it happens, a line of JSON each, where it stays after the test.</summary>
internal sealed class Recorder : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Converters = { new JsonStringEnumConverter() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    private readonly Lock _lock = new();
    private readonly StreamWriter _file;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly ConcurrentQueue<Write> _writes = [];

    public Recorder(int seed)
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(Artifacts.Folder, "test-results")).FullName;
        Path = System.IO.Path.Combine(folder, $"chaos-{seed}.jsonl");
        _file = new StreamWriter(Path) { AutoFlush = true };
    }

    public string Path { get; }

    /// <summary>Seconds of the run.</summary>
    public double Now => Math.Round(Stopwatch.GetElapsedTime(_start).TotalSeconds, 4);

    public IReadOnlyList<Write> Writes => [.. _writes];

    /// <summary>A write that its caller is done with.</summary>
    public void Add(Write write) => _writes.Enqueue(write);

    public void Note(string what, object about)
    {
        lock (_lock)
            _file.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        At = Now,
                        What = what,
                        About = about,
                    },
                    Json
                )
            );
    }

    public void Dispose() => _file.Dispose();
}
