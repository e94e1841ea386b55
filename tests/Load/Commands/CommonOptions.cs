using System.CommandLine;
using System.Globalization;
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
            "Desired heartbeat interval of each agent.",
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
            Description = "How the result is printed: table or json.",
            DefaultValueFactory = _ => OutputFormat.Table,
            CustomParser = result =>
            {
                var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                switch (text.ToUpperInvariant())
                {
                    case "TABLE":
                        return OutputFormat.Table;
                    case "JSON":
                        return OutputFormat.Json;
                    default:
                        result.AddError($"--output: '{text}' is none of table, json.");
                        return default;
                }
            },
        };

    public static Option<int> Number(string name, string description, int value, int max, int min = 1) =>
        new(name)
        {
            Description = $"{description} From {min} to {max}.",
            DefaultValueFactory = _ => value,
            CustomParser = result =>
            {
                var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                if (
                    !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var given)
                    || given < min
                    || given > max
                )
                    result.AddError($"{name}: '{text}' is no whole number from {min} to {max}.");
                return given;
            },
        };
}
