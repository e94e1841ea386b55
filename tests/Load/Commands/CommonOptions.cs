using System.CommandLine;
using Coder.Mesh.Load.Agents;

namespace Coder.Mesh.Load.Commands;

internal enum OutputFormat
{
    Table,
    Json,
}

/// <summary>The options that <c>agents</c> and <c>compare</c> share.</summary>
internal sealed class CommonOptions
{
    public Option<int> Count { get; } = Number("--count", "Simulated agents.", 1_000, Limits.MaxAgents);

    public Option<TimeSpan> Heartbeat { get; } =
        Durations.Option(
            "--heartbeat",
            "Wished heartbeat interval of each agent.",
            Limits.MaxHeartbeat,
            Limits.MinHeartbeat,
            Limits.MaxHeartbeat
        );

    public Option<TimeSpan> Duration { get; } =
        Durations.Option(
            "--duration",
            "The measured window, once all agents are attached and settled.",
            TimeSpan.FromSeconds(60),
            Limits.MinDuration,
            Limits.MaxDuration
        );

    public Option<TimeSpan> Settle { get; } =
        Durations.Option(
            "--settle",
            "Wait between the last attach and the window.",
            TimeSpan.FromSeconds(10),
            TimeSpan.Zero,
            Limits.MaxDuration
        );

    public Option<int> Ramp { get; } = Number("--ramp", "Agents dialled per second.", 200, Limits.MaxRampPerSecond);

    public Option<OutputFormat> Output { get; } = OutputOption();

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { Count, Heartbeat, Duration, Settle, Ramp, Output })
            command.Options.Add(option);
    }

    public CrowdOptions Crowd(ParseResult parsed, Uri target) =>
        new()
        {
            Target = target,
            Heartbeat = parsed.GetValue(Heartbeat),
            Duration = parsed.GetValue(Duration),
            Settle = parsed.GetValue(Settle),
            Ramp = parsed.GetValue(Ramp),
        };

    public static Option<OutputFormat> OutputOption() =>
        new("--output", "-o")
        {
            Description = "How the result is printed.",
            DefaultValueFactory = _ => OutputFormat.Table,
        };

    public static Option<int> Number(string name, string description, int value, int max, int min = 1)
    {
        var option = new Option<int>(name)
        {
            Description = $"{description} From {min} to {max}.",
            DefaultValueFactory = _ => value,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var given && (given < min || given > max))
                result.AddError($"{name}: must be from {min} to {max}.");
        });
        return option;
    }
}
