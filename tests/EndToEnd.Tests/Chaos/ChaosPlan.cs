using System.Globalization;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

internal enum WriteKind
{
    Create,
    Start,
    Stop,
    Delete,
}

internal enum Victim
{
    ControlPlane,
    Agent,
    Postgres,
}

/// <param name="After">Since the one before, or since its victim was started again, if that took longer.</param>
/// <param name="Into">How far into the next write that is sent: 1 is when an answer is due; null if at any
/// moment.</param>
/// <param name="Pause">How long it stays dead; PostgreSQL is started again by the control plane, when that
/// likes.</param>
internal sealed record PlannedKill(TimeSpan After, Victim Victim, double? Into, TimeSpan Pause);

/// <param name="After">Since the answer to the one before, or since its caller gave up.</param>
/// <param name="Repeats">Whether its caller sends it again, with the same request id, until it is answered.</param>
internal sealed record PlannedWrite(TimeSpan After, WriteKind Kind, bool Repeats);

/// <summary>All that is asked for one name: a create, then wishes, one after the other.</summary>
internal sealed record PlannedLife(string Name, TimeSpan At, bool Repeats, IReadOnlyList<PlannedWrite> Then);

/// <summary>What will be done to a deployment: the same for the same seed and duration.</summary>
internal sealed record ChaosPlan(IReadOnlyList<PlannedLife> Lives, IReadOnlyList<PlannedKill> Kills)
{
    private const int CreatesPerMinute = 20;
    private const double RepeatsShare = 0.7;
    private const double AimedShare = 0.75;

    // One in so many has its name asked for a second time, and is started once more after its delete: both are refused.
    private const int DoomedEvery = 8;

    private static readonly TimeSpan ShortestGap = TimeSpan.FromSeconds(1);

    public static ChaosPlan Make(int seed, TimeSpan duration)
    {
        // Not for secrets: the same seed has to give the same plan.
#pragma warning disable CA5394
        var random = new Random(seed);
        var count = (int)Math.Ceiling(CreatesPerMinute * duration.TotalMinutes);
        var lives = Enumerable.Range(0, count).SelectMany(i => Named(i, duration * i / count, random)).ToList();
        return new ChaosPlan(lives, Deaths(duration, random));
    }

    private static List<PlannedLife> Named(int number, TimeSpan at, Random random)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"chaos-{number:000}");
        var doomed = number % DoomedEvery == 0;
        List<PlannedWrite> then = [];
        for (var wishes = random.Next(4); wishes > 0; wishes--)
            then.Add(Write(then.Count % 2 == 0 ? WriteKind.Stop : WriteKind.Start, random));
        if (doomed || random.Next(2) == 0)
            then.Add(Write(WriteKind.Delete, random));
        if (doomed)
            then.Add(Write(WriteKind.Start, random));
        List<PlannedLife> lives = [new(name, at, Repeats(random), then)];
        if (doomed)
            lives.Add(new(name, at + Seconds(0.2, 2, random), Repeats(random), []));
        return lives;
    }

    private static PlannedWrite Write(WriteKind kind, Random random) =>
        new(Seconds(0, 12, random), kind, Repeats(random));

    // In rounds, so that each is killed as often as the others; more than there will be time for.
    private static List<PlannedKill> Deaths(TimeSpan duration, Random random)
    {
        List<PlannedKill> kills = [];
        while (kills.Count * ShortestGap < duration)
        {
            var round = Enum.GetValues<Victim>();
            random.Shuffle(round);
            kills.AddRange(round.Select(v => new PlannedKill(Gap(random), v, Into(v, random), Seconds(0, 4, random))));
        }

        return kills;
    }

    // The moments around a commit are few, and kills at any moment would hardly ever meet one. What the agent makes of
    // a write comes after the answer.
    private static double? Into(Victim victim, Random random)
    {
        var at = random.NextDouble();
        return random.NextDouble() >= AimedShare ? null
            : victim == Victim.Agent ? 10 * at
            : 0.4 + 0.8 * at;
    }

    private static TimeSpan Gap(Random random) => ShortestGap + Seconds(0, 4, random);

    private static bool Repeats(Random random) => random.NextDouble() < RepeatsShare;

    private static TimeSpan Seconds(double from, double to, Random random) =>
        TimeSpan.FromSeconds(from + (to - from) * random.NextDouble());
#pragma warning restore CA5394
}
