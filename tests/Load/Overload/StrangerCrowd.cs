using System.Collections.Concurrent;
using System.Security.Cryptography;
using Coder.Mesh.Load.Replicas;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Overload;

/// <param name="Answers">By reason.</param>
/// <param name="PerSecond">Answers, until the last call was made.</param>
/// <param name="Refusal">From the start of a call to its answer.</param>
internal sealed record StrangerFigures(IReadOnlyDictionary<string, int> Answers, double PerSecond, Latency Refusal);

/// <summary>
/// Calls with tokens that nobody has, another one each time, at a rate that does not wait for answers.
/// </summary>
internal sealed class StrangerCrowd(GrpcChannel channel, int perSecond, TimeProvider time)
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(30);

    /// <summary>A late tick makes all the calls that are due by then.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly DeploymentService.DeploymentServiceClient _client = new(channel);
    private readonly ConcurrentDictionary<string, int> _answers = new();
    private readonly ConcurrentBag<double> _took = [];

    public async Task<StrangerFigures> Run(CancellationToken stop)
    {
        var calls = new List<Task>();
        var began = time.GetTimestamp();
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                for (var due = time.GetElapsedTime(began).TotalSeconds * perSecond; calls.Count < due; )
                    calls.Add(One());
        }
        catch (OperationCanceledException)
        {
            // The end.
        }

        var rate = _took.Count / time.GetElapsedTime(began).TotalSeconds;
        await Task.WhenAll(calls);
        return new StrangerFigures(new SortedDictionary<string, int>(_answers), rate, Latency.Of(_took));
    }

    private async Task One()
    {
        var token = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=');
        var headers = new Metadata { { "authorization", $"Bearer mat_{token.Replace('+', '-').Replace('/', '_')}" } };
        var began = time.GetTimestamp();
        var answer = "OK";
        try
        {
            var deadline = (time.GetUtcNow() + CallLimit).UtcDateTime;
            await _client.GetDeploymentAsync(new GetDeploymentRequest(), new CallOptions(headers, deadline));
        }
        catch (RpcException e)
        {
            answer = CallCrowd.ReasonOf(e);
        }

        _answers.AddOrUpdate(answer, 1, (_, count) => count + 1);
        _took.Add(time.GetElapsedTime(began).TotalMilliseconds);
    }
}
