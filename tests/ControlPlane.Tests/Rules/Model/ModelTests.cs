using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using CsCheck;

namespace Coder.Mesh.ControlPlane.Tests.Rules.Model;

/// <summary>
/// Random operations of up to three callers at once, against the real store and the model. After each round some order
/// of its operations must give the answers that the callers got and the state that the store is in. MESH_MODEL_RUNS
/// makes more runs than the few that are made by default.
/// </summary>
public sealed class ModelTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const int DefaultRuns = 2;
    private const int OperationsInARun = 520;

    private static readonly Gen<string> Provider = OneOf("a", "b", "built-in", "c");
    private static readonly Gen<string> Organization = OneOf("default", "x", "y");
    private static readonly Gen<string> Workspace = OneOf("w1", "w2", "w3");
    private static readonly Gen<int> Max = Gen.Int[0, 3];

    private static readonly Gen<Operation> Any = Gen.Frequency(
        (3, Gen.Select(Provider, Max, Operation (p, m) => new Operation.CreateProvider(p, m))),
        (4, Provider.Select(Operation (p) => new Operation.Attach(p))),
        (1, Gen.Select(Provider, Provider, Operation (p, q) => new Operation.Rename(p, q))),
        (2, Gen.Select(Provider, Max, Operation (p, m) => new Operation.Limit(p, m))),
        (4, Gen.Select(Provider, Gen.Bool, Operation (p, on) => new Operation.SetCordon(p, on))),
        (3, Provider.Select(Operation (p) => new Operation.SetDefault(p))),
        (3, Provider.Select(Operation (p) => new Operation.Delete(p))),
        (1, Gen.Select(Provider, Gen.Bool, Operation (p, f) => new Operation.Forget(p, f))),
        (2, Organization.Select(Operation (o) => new Operation.CreateOrganization(o))),
        (1, Organization.Select(Operation (o) => new Operation.DeleteOrganization(o))),
        (7, Gen.Select(Organization, Provider, Operation (o, p) => new Operation.Allow(o, p))),
        (4, Gen.Select(Organization, Provider, Operation (o, p) => new Operation.Disallow(o, p))),
        (
            14,
            Gen.Select(
                Organization,
                Workspace,
                Gen.OneOf(Provider, Gen.Const("")),
                Operation (o, w, p) => new Operation.Place(o, w, p)
            )
        ),
        (5, Gen.Select(Organization, Workspace, Operation (o, w) => new Operation.Remove(o, w))),
        (3, Gen.Const<Operation>(new Operation.AgentsFinish()))
    );

    private static readonly Gen<(Operation[] Operations, int[] Callers)> Run = Gen.Select(
        Any.Array[OperationsInARun],
        Gen.Int[1, 3].Array[OperationsInARun]
    );

    [Fact]
    public async Task Whatever_several_callers_do_at_once_could_have_been_done_one_after_the_other()
    {
        await Run.SampleAsync(
            async run => await Check(run.Operations, run.Callers),
            iter: int.TryParse(Environment.GetEnvironmentVariable("MESH_MODEL_RUNS"), out var runs)
                ? runs
                : DefaultRuns,
            threads: 1,
            print: run => $"{run.Operations.Length} operations"
        );
    }

    private async Task Check(Operation[] operations, int[] callers)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var real = new RealMesh(plane, Ct);
        var state = ModelState.First;
        await real.Attach("built-in");
        foreach (var round in Rounds(operations, callers))
        {
            var answers = await Task.WhenAll(round.Select(real.Do));

            var stored = await real.Describe();
            state =
                Orders(state, round, answers).FirstOrDefault(s => s.Describe() == stored)
                ?? throw new InvalidOperationException(Explain(state, round, answers, stored));
            var broken = await Invariants.Broken(plane.Database, Ct);
            Assert.True(
                broken.Count == 0,
                $"{string.Join('\n', broken)}\nafter {Explain(state, round, answers, stored)}"
            );
        }
    }

    /// <summary>What several callers do at once; what isn't one call of the API has a round of its own.</summary>
    private static IEnumerable<Operation[]> Rounds(Operation[] operations, int[] callers)
    {
        var round = new List<Operation>();
        for (var (i, r) = (0, 0); i < operations.Length; i++)
        {
            if (operations[i].Alone && round.Count > 0)
            {
                yield return [.. round];
                round.Clear();
            }

            round.Add(operations[i]);
            if (!operations[i].Alone && round.Count < callers[r % callers.Length] && i < operations.Length - 1)
                continue;
            yield return [.. round];
            round.Clear();
            r++;
        }
    }

    /// <summary>The states after every order of the operations that gives these answers.</summary>
    private static IEnumerable<ModelState> Orders(ModelState state, Operation[] round, string[] answers)
    {
        if (round.Length == 0)
        {
            yield return state;
            yield break;
        }

        for (var first = 0; first < round.Length; first++)
        {
            var (answer, after) = round[first].Apply(state);
            if (answer != answers[first])
                continue;
            foreach (var end in Orders(after, Except(round, first), Except(answers, first)))
                yield return end;
        }
    }

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static T[] Except<T>(T[] all, int index) => [.. all[..index], .. all[(index + 1)..]];

    private static string Explain(ModelState state, Operation[] round, string[] answers, string stored) =>
        $"""
            No order of these gives these answers and the store's state:
            {string.Join('\n', round.Zip(answers, (operation, answer) => $"{operation}: {answer}"))}
            before:
            {state.Describe()}
            stored:
            {stored}
            """;
}
