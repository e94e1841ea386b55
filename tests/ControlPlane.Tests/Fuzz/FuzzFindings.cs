using System.Collections.Concurrent;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Fuzz;

/// <summary>What an answer must be, whatever was sent, and what wasn't.</summary>
internal sealed class FuzzFindings(TestControlPlane plane)
{
    private const int MaxKept = 20;
    private const int MaxInput = 400;

    private static readonly HashSet<string> Reasons =
    [
        .. typeof(ErrorReasons).GetFields().Select(f => (string)f.GetRawConstantValue()!),
    ];

    private static readonly StatusCode[] Faults =
    [
        StatusCode.Internal,
        StatusCode.Unknown,
        StatusCode.DataLoss,
        StatusCode.Unavailable,
        StatusCode.DeadlineExceeded,
    ];

    // Of the inside: nobody outside is told.
    private static readonly string[] Secrets = ["Exception", "Npgsql", "mt_doc", "   at ", "select ", "System."];

    private readonly ConcurrentDictionary<string, string> _found = new();
    private readonly ConcurrentDictionary<string, int> _answers = new();

    /// <summary>How often each answer was given.</summary>
    public string Answers =>
        string.Join('\n', _answers.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Value, 8} {a.Key}"));

    public IEnumerable<string> Found => _found.Values;

    public void Answered(string what, string answer = "OK") =>
        _answers.AddOrUpdate($"{what} {answer}", 1, (_, count) => count + 1);

    public void Refused(string what, RpcException e, int seed, byte[] input)
    {
        var reason = e.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason ?? "";
        Answered(what, $"{e.StatusCode} {reason}");
        var wrong =
            Faults.Contains(e.StatusCode) ? "a fault"
            : !Reasons.Contains(reason) ? "no reason"
            : Secrets.Append(plane.AdminToken).Any(s => e.ToString().Contains(s, StringComparison.Ordinal))
            && Secrets.Append(plane.AdminToken).Any(s => e.Status.Detail.Contains(s, StringComparison.Ordinal))
                ? "tells of the inside"
            : null;
        if (wrong is not null)
            Add($"{what}: {wrong}: {e.StatusCode} {reason} {e.Status.Detail}", seed, input);
    }

    public void Add(string what, int seed, byte[] input)
    {
        var key = what.Length > 120 ? what[..120] : what;
        var hex = Convert.ToHexString(input.AsSpan(0, Math.Min(input.Length, MaxInput)));
        if (_found.Count < MaxKept)
            _found.TryAdd(key, $"{what}\n    seed {seed}, {input.Length} bytes: {hex}");
    }
}
