using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Writes down what happens when it happens, a line of JSON each, where it stays after the test.</summary>
internal sealed class Recorder : IDisposable
{
    private const int Recent = 15;

    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    private readonly Lock _lock = new();
    private readonly StreamWriter _file;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly ConcurrentQueue<Write> _writes = [];
    private TaskCompletionSource _sent = NewSignal();

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

    /// <summary>Ends when the next write is sent.</summary>
    public Task NextSent => Volatile.Read(ref _sent).Task;

    /// <summary>A write is about to be sent.</summary>
    public void Sending(Write write)
    {
        Note(
            "sent",
            new
            {
                write.RequestId,
                write.Kind,
                write.Name,
                write.WorkspaceId,
            }
        );
        Interlocked.Exchange(ref _sent, NewSignal()).SetResult();
    }

    /// <summary>How long the last answers took, in the middle.</summary>
    public TimeSpan UsualAnswer
    {
        get
        {
            var answers = _writes.Reverse().Select(w => w.Acknowledgement).OfType<Attempt>().Take(Recent);
            var took = answers.Select(a => a.EndedAt - a.SentAt).Order().ToList();
            return TimeSpan.FromSeconds(took.Count == 0 ? 0 : took[took.Count / 2]);
        }
    }

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

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
