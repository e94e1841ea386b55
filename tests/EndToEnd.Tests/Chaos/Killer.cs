using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Kills by the plan, and starts again as an operator's supervisor would.</summary>
internal sealed class Killer(TestMesh mesh, Recorder recorder, Action startAgent)
{
    private const int MostStarts = 5;

    private Task _controlPlane = Task.CompletedTask;
    private Task _agent = Task.CompletedTask;

    public Dictionary<Victim, int> Kills { get; } = Enum.GetValues<Victim>().ToDictionary(v => v, _ => 0);

    /// <summary>Ends with everything running again.</summary>
    public async Task Run(IReadOnlyList<PlannedKill> plan, CancellationToken ct)
    {
        foreach (var kill in plan)
        {
            var early = kill.At.TotalSeconds - recorder.Now;
            if (early > 0)
                await Task.Delay(TimeSpan.FromSeconds(early), ct);
            await Kill(kill, ct);
        }

        await Task.WhenAll(_controlPlane, _agent);
    }

    private async Task Kill(PlannedKill kill, CancellationToken ct)
    {
        switch (kill.Victim)
        {
            case Victim.ControlPlane:
                await _controlPlane;
                await mesh.ControlPlane.Kill(ct);
                _controlPlane = StartControlPlane(kill.Pause, ct);
                break;
            case Victim.Agent:
                await _agent;
                await mesh.Agent.Kill(ct);
                _agent = StartAgent(kill.Pause, ct);
                break;
            // Dead already, or not yet started again.
            case Victim.Postgres when !mesh.Store.Kill():
                recorder.Note("spared", kill);
                return;
        }

        Kills[kill.Victim]++;
        recorder.Note("killed", kill);
    }

    private async Task StartAgent(TimeSpan pause, CancellationToken ct)
    {
        await Task.Delay(pause, ct);
        startAgent();
        recorder.Note("started", Victim.Agent);
    }

    // One that can't start, for its PostgreSQL was killed under it, ends by itself.
    private async Task StartControlPlane(TimeSpan pause, CancellationToken ct)
    {
        for (var starts = 1; ; starts++)
        {
            await Task.Delay(pause, ct);
            try
            {
                await mesh.StartControlPlane(ct);
                recorder.Note("started", Victim.ControlPlane);
                return;
            }
            catch (InvalidOperationException e) when (starts < MostStarts && mesh.ControlPlane.HasExited)
            {
                recorder.Note("did not start", e.Message);
            }
        }
    }
}
