using System.Globalization;
using System.Text;

namespace Coder.Mesh.Load.Scale;

/// <summary>Writes down what each kind of call asks of PostgreSQL, and how that answers it.</summary>
internal sealed class PlanReport(PlanLog log, Action<string> say)
{
    // Past the calls that were measured: a create needs no name of its own, but a list should ask for something else.
    private const int Nth = 1_000;

    public async Task Write(
        string file,
        IReadOnlyList<ScaleCase> cases,
        IReadOnlyList<CaseFigures> figures,
        CancellationToken ct
    )
    {
        say($"writing plans to '{file}'");
        await log.Start(ct);
        var text = new StringBuilder();
        for (var i = 0; i < cases.Count; i++)
        {
            var one = cases[i];
            var ran = await log.Ran(token => one.Call(Nth, token), ct);
            Heading(text, figures[i], ran.Count);
            foreach (var statement in ran)
                text.AppendLine("```")
                    .AppendLine(statement.Query)
                    .AppendLine()
                    .AppendLine(statement.Plan)
                    .AppendLine("```");
            text.AppendLine();
        }
        await File.WriteAllTextAsync(file, text.ToString(), ct);
    }

    private static void Heading(StringBuilder text, CaseFigures figures, int statements) =>
        text.AppendLine(CultureInfo.InvariantCulture, $"## {figures.Name}")
            .AppendLine()
            .AppendLine(
                CultureInfo.InvariantCulture,
                $"p50 {figures.P50:0.0} ms, p95 {figures.P95:0.0} ms, {figures.Rows:0} rows, {statements} statements"
            )
            .AppendLine();
}
