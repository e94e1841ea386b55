using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Kills by the plan, and starts again as an operator's supervisor would.</summary>
internal sealed class Killer(TestMesh mesh, Recorder recorder, Action startAgent)
{
    private const int MostStarts = 5;

    private Task _controlPlane = Task.CompletedTask;
    private Task _agent = Task.CompletedTask;

    public Dictionary<Victim, int> Kills { get; } = Enum.GetValues<Victim>().ToDictionary(v => v, _ => 0);

    /// <param name="over">When it ends nothing more is killed.</param>
    /// <returns>When everything runs again.</returns>
    public async Task Run(IReadOnlyList<PlannedKill> plan, CancellationToken over, CancellationToken ct)
    {
        foreach (var kill in plan)
        {
            await (kill.Victim == Victim.Agent ? _agent : _controlPlane);
            await Moment(kill, over).ContinueWith(_ => { }, TaskScheduler.Default);
            if (over.IsCancellationRequested)
                break;
            await Kill(kill, ct);
        }

        await Task.WhenAll(_controlPlane, _agent);
    }

    private async Task Moment(PlannedKill kill, CancellationToken over)
    {
        await Task.Delay(kill.After, over);
        if (kill.Into is not { } into)
            return;
        await recorder.NextSent.WaitAsync(over);
        await Task.Delay(into * recorder.UsualAnswer, over);
    }

    private async Task Kill(PlannedKill kill, CancellationToken ct)
    {
        switch (kill.Victim)
        {
            case Victim.ControlPlane:
                await mesh.ControlPlane.Kill(ct);
                _controlPlane = StartControlPlane(kill.Pause, ct);
                break;
            case Victim.Agent:
                await mesh.Agent.Kill(ct);
                _agent = StartAgent(kill.Pause, ct);
                break;
            // Dead already, and not yet started again.
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
