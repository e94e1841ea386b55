using System.Globalization;
using System.Security.Cryptography;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Kubernetes;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>
/// Workspaces of a real cluster under random kill -9 of everything. <c>./build.sh chaos</c> runs it for longer; seed
/// and duration come from the environment.
/// </summary>
public sealed class ChaosTests(KubernetesFixture fixture, ITestOutputHelper output)
{
    private const string DurationVariable = "MESH_CHAOS_DURATION";
    private const string SeedVariable = "MESH_CHAOS_SEED";

    private static readonly TimeSpan UntilAnswered = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan UntilSettled = TimeSpan.FromSeconds(90);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_is_killed_each_acknowledged_write_took_effect_once_and_store_and_cluster_agree()
    {
        var seed = Setting(SeedVariable, text => int.Parse(text, CultureInfo.InvariantCulture), RandomSeed);
        var duration = Setting(DurationVariable, Duration, () => TimeSpan.FromMinutes(1));
        output.WriteLine($"seed {seed}, {duration}");
        await using var ns = await (await fixture.Get()).CreateNamespace(Rules, Ct);
        await using var mesh = await TestMesh.Start(Ct);
        mesh.StartAgent("--kubeconfig", ns.Kubeconfig);
        await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);
        using var recorder = new Recorder(seed);
        output.WriteLine($"history in {recorder.Path}");

        try
        {
            var kills = await Run(ChaosPlan.Make(seed, duration), duration, mesh, ns, recorder);
            var history = await Settle(mesh, ns, recorder);
            var violations = Checker.Violations(history);
            recorder.Note("violations", violations);
            output.WriteLine(Summary(history, kills));
            Assert.True(violations.Count == 0, string.Join('\n', violations.Take(20)));
        }
        catch (Exception e)
        {
            recorder.Note("control plane", mesh.ControlPlane.Output.Tail);
            recorder.Note("agent", mesh.Agent.Output.Tail);
            throw new InvalidOperationException(
                $"Seed {seed}, {duration}: {e.Message}\nThe history, with the last output of both processes, is in "
                    + $"{recorder.Path}. To do the same again: {SeedVariable}={seed} {DurationVariable}={duration}",
                e
            );
        }
    }

    private static async Task<IReadOnlyDictionary<Victim, int>> Run(
        ChaosPlan plan,
        TimeSpan duration,
        TestMesh mesh,
        TestNamespace ns,
        Recorder recorder
    )
    {
        using var over = new CancellationTokenSource(duration);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(duration + UntilAnswered);
        var callers = new Callers(mesh, recorder);
        var killer = new Killer(mesh, recorder, () => mesh.StartAgent("--kubeconfig", ns.Kubeconfig));
        var lives = plan.Lives.Select(life => callers.Live(life, over.Token, limit.Token)).ToList();
        await killer.Run(plan.Kills, over.Token, Ct);
        await Task.WhenAll(lives);
        return killer.Kills;
    }

    /// <summary>
    /// Waits for agreement, but not for ever: what disagrees then is told by the checker, not by the wait.
    /// </summary>
    private static async Task<History> Settle(TestMesh mesh, TestNamespace ns, Recorder recorder)
    {
        await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready again", Ct);
        History? history = null;
        try
        {
            await Eventually.Is(
                async () =>
                    history = new History(
                        recorder.Writes,
                        await Evidence.Events(mesh.Store, Ct),
                        await Evidence.Workspaces(mesh.Store, Ct),
                        await Evidence.Objects(ns, Ct)
                    ),
                seen => Checker.Violations(seen).Count == 0,
                "store and cluster agree",
                Ct,
                UntilSettled
            );
        }
        catch (InvalidOperationException) when (history is not null)
        {
            // The checker says of what was seen last what is wrong with it.
        }

        recorder.Note("events", history!.Events);
        recorder.Note("objects", history.Objects);
        return history;
    }

    private static string Summary(History history, IReadOnlyDictionary<Victim, int> kills)
    {
        var writes = history.Writes;
        var unanswered = writes
            .Where(w => !w.Refused && w.Acknowledgement is null)
            .Select(w => w.RequestId)
            .ToHashSet();
        var effects = history.Events.Where(e => Checker.DesiredChange(e.Kind) is not null).ToList();
        return $"""
            writes {writes.Count}: {string.Join(", ", writes.CountBy(w => w.Kind).Select(k => $"{k.Value} {k.Key}"))}
            acknowledged {writes.Count(w => w.Acknowledgement is not null)}, refused {writes.Count(w => w.Refused)}, \
            never answered {unanswered.Count} (of which {effects.Count(e =>
                unanswered.Contains(e.RequestId)
            )} took effect), \
            sent again {writes.Sum(w => w.Attempts.Count - 1)} times
            answers: {string.Join(
                ", ",
                writes.SelectMany(w => w.Attempts).Where(a => a.Said != "").CountBy(a =>
                    a.Said.Split('\n')[0]
                ).OrderByDescending(s => s.Value).Take(8).Select(s => $"{s.Value} × {s.Key}")
            )}
            killed: {string.Join(", ", kills.Select(k => $"{k.Value} × {k.Key}"))}
            events {history.Events.Count}, of which {history.Events.Count(e =>
                e.Kind == EventKind.Observed
            )} observations; \
            at the end {history.Workspaces.Count(w =>
                w.State != State.Deleted
            )} workspaces, {history.Objects.Count} objects
            """.Replace(
            "\\\n",
            "",
            StringComparison.Ordinal
        );
    }

    private static T Setting<T>(string name, Func<string, T> read, Func<T> otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? read(text) : otherwise();

    private static int RandomSeed() => RandomNumberGenerator.GetInt32(1, int.MaxValue);

    private static TimeSpan Duration(string text) => TimeSpan.Parse(text, CultureInfo.InvariantCulture);

    private static IEnumerable<PolicyRule> Rules(string ns) =>
        RequiredPermissions.In(ns).Select(p => new PolicyRule(p.Group, p.Resource, p.Verbs, p.Name));
}
