using System.Globalization;
using System.Text.RegularExpressions;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Proc;
using Coder.Mesh.Load.Store;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;

namespace Coder.Mesh.Load.Tests;

/// <summary>The worst of agents beside a crowd of good ones, on the product as it is run.</summary>
public sealed partial class BadAgentsTests
{
    private const int Good = 300;

    /// <summary>Far below what 1 GiB would make of it, and above what code that runs for the first time does.</summary>
    private const double MostGrowth = 2;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    private static readonly HttpClient Http = new();

    /// <summary>
    /// How often what is counted at the end, by the text of its sample without tags that say nothing here.
    /// </summary>
    private static readonly SortedDictionary<string, int> Expected = new(StringComparer.Ordinal)
    {
        ["mesh_session_end=\"flooding\""] = 1,
        ["mesh_session_end=\"too_slow\""] = 1,
        // A message that is none, and one that claims to be of 1 GiB.
        ["mesh_session_end=\"protocol_violation\""] = 2,
        ["mesh_reason=\"HELLO_TIMEOUT\""] = 1,
        ["error_type=\"invalid_handshake\""] = 1,
    };

    [Fact]
    public async Task Bad_agents_end_each_under_its_own_code_and_three_hundred_good_ones_do_not_notice()
    {
        var ct = TestContext.Current.CancellationToken;
        using var folder = new RunFolder(TestContext.Current.SendDiagnosticMessage);
        var management = $"http://127.0.0.1:{ControlPlane.FreePort()}";
        var product = Plane(folder.Sub("data"), management);
        await using var server = await product.Start(ct);
        var identities = await product.Provision(server, Good + BadAgents.Count, ct);
        await using var good = await HeldAgents.Attach(
            [.. identities.Take(Good)],
            server.Address,
            TimeProvider.System,
            ct,
            o => o with { Heartbeat = Heartbeat }
        );
        using var channel = GrpcChannel.ForAddress(server.Address);
        var headers = await product.AdminHeaders(ct);
        await Readiness.Await(channel, headers, Enumerable.Range(0, Good).Select(Name), TimeProvider.System, ct);
        await EveryoneIsHeard(good, ct);
        var before = ProcessSample.Read(server.Process.Pid);

        CrowdCounts counts;
        IReadOnlyDictionary<string, int> ends;
        await using (BadAgents.Start(server.Address, [.. identities.Skip(Good)]))
        {
            ends = await Until(() => Ends(management, ct), e => Expected.All(x => e[x.Key] >= x.Value), ct);
            await EveryoneIsHeard(good, ct);
            counts = good.Counts;
        }

        var after = ProcessSample.Read(server.Process.Pid);
        Assert.Equal(Expected, ends);
        Assert.Equal((Good, 0), (counts.Attached, counts.EndedEarly.Count));
        Assert.Equal(Enumerable.Repeat(1L, Good), await StatusChanges(server, await GoodIds(channel, headers, ct), ct));
        IsBounded(before, after);
    }

    private static ControlPlane Plane(string dataFolder, string management) =>
        new(Product.Executable, dataFolder, TimeProvider.System)
        {
            Settings = new Dictionary<string, string>
            {
                ["Mesh__ManagementAddress"] = management,
                ["Mesh__AgentStream__HelloTimeout"] = "00:00:05",
            },
        };

    private static void IsBounded(ProcessSample before, ProcessSample after)
    {
        TestContext.Current.SendDiagnosticMessage(
            $"MiB resident {before.ResidentBytes >> 20} then {after.ResidentBytes >> 20}, peak {before.PeakBytes >> 20} then {after.PeakBytes >> 20}"
        );
        Assert.InRange((double)after.PeakBytes / before.PeakBytes, 1.0, MostGrowth);
    }

    private static string Name(int i) => $"load-{i:D5}";

    /// <summary>A heartbeat of every good agent is answered.</summary>
    private static async Task EveryoneIsHeard(HeldAgents good, CancellationToken ct)
    {
        var answered = good.Counts.HeartbeatsAnswered;
        var wanted = answered + Good;
        var now = await Until(() => Task.FromResult(good.Counts.HeartbeatsAnswered), n => n >= wanted, ct);
        Assert.True(now >= wanted, $"only {now - answered} heartbeats were answered");
    }

    private static async Task<List<string>> GoodIds(GrpcChannel channel, Metadata headers, CancellationToken ct)
    {
        var names = Enumerable.Range(0, Good).Select(Name).ToHashSet(StringComparer.Ordinal);
        var request = new ListProvidersRequest { PageSize = 1_000 };
        var providers = new ProviderService.ProviderServiceClient(channel);
        var answer = await providers.ListProvidersAsync(request, headers, cancellationToken: ct);
        return [.. answer.Providers.Where(p => names.Contains(p.Name)).Select(p => p.Id)];
    }

    private static async Task<List<long>> StatusChanges(
        ServerUnderTest server,
        List<string> providerIds,
        CancellationToken ct
    )
    {
        await using var store = OwnPostgres.Open(server.DataFolder!, "mesh-load-tests");
        await using var command = store.CreateCommand(
            """
            select count(*) from mesh.mt_events
            where type = 'presence.status_changed.v1' and stream_id = any($1) group by stream_id
            """
        );
        command.Parameters.Add(new NpgsqlParameter { Value = providerIds.Select(id => $"presence-{id}").ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var counts = new List<long>();
        while (await reader.ReadAsync(ct))
            counts.Add(reader.GetInt64(0));
        return counts;
    }

    private static async Task<IReadOnlyDictionary<string, int>> Ends(string management, CancellationToken ct)
    {
        var lines = (await Http.GetStringAsync(new Uri($"{management}/metrics"), ct)).Split('\n');
        return new SortedDictionary<string, int>(
            Expected.Keys.ToDictionary(tag => tag, tag => lines.Where(l => IsCount(l, tag)).Sum(Value)),
            StringComparer.Ordinal
        );
    }

    private static bool IsCount(string line, string tag) =>
        Counters().IsMatch(line) && line.Contains(tag, StringComparison.Ordinal);

    // A sample may have a time behind its value.
    private static int Value(string line) =>
        (int)double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);

    private static async Task<T> Until<T>(Func<Task<T>> read, Predicate<T> good, CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(Patience);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var last = await read();
        try
        {
            while (!good(last))
            {
                await pace.WaitForNextTickAsync(late.Token);
                last = await read();
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // What was read last is told by what is asserted of it.
        }

        return last;
    }

    [GeneratedRegex(
        "^(mesh_agent_session_ends_total|mesh_agent_refusals_total|kestrel_connection_duration_seconds_count)\\{"
    )]
    private static partial Regex Counters();
}
