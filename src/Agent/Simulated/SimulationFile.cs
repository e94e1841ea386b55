using System.Text.Json;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>Reads and validates a script. Errors name file, field and rule.</summary>
internal static class SimulationFile
{
    private const long MaxBytes = 256 * 1024;

    public static SimulationScript? Read(string path, string place, List<string> errors)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxBytes })
            {
                errors.Add($"{place}: {path} is larger than {MaxBytes / 1024} KiB; that is not a script.");
                return null;
            }

            var script = JsonSerializer.Deserialize(
                File.ReadAllBytes(path),
                SimulationJsonContext.Default.SimulationScript
            );
            var wrong = script is null ? ["$ must be an object"] : Check(script).Concat(CheckStaged(script)).ToList();
            errors.AddRange(wrong.Select(w => $"{place}: {path}: {w}."));
            return wrong.Count == 0 ? script : null;
        }
        catch (JsonException e)
        {
            errors.Add($"{place}: {path}: {e.Path ?? "$"} (line {e.LineNumber + 1}): {Reason(e)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{place}: {path} can't be read: {e.Message}");
        }

        return null;
    }

    // The parser's message contains names of types, and repeats path and line.
    private static string Reason(JsonException e) =>
        e.Message.Contains("could not be mapped", StringComparison.Ordinal) ? "there is no such field."
        : e.Message.StartsWith("Duplicate property", StringComparison.Ordinal) ? "a field is given more than once."
        : e.Message.Contains("could not be converted", StringComparison.Ordinal)
            ? "its value is of another type than docs/simulated.md says."
        : e.Message.Split(" Path: ")[0];

    private static IEnumerable<string> Check(SimulationScript script)
    {
        if (script.Capacity < 0)
            yield return "$.capacity must be 0 or more";
        if (script.Failures is null)
        {
            yield return "$.failures must be a list";
            yield break;
        }

        for (var i = 0; i < script.Failures.Count; i++)
        {
            var (rule, field) = (script.Failures[i], $"$.failures[{i}]");
            if (rule is null)
            {
                yield return $"{field} must be an object";
                continue;
            }

            if (rule.Kind is null || !FailurePlan.Kinds.ContainsKey(rule.Kind))
                yield return $"{field}.kind must be one of {string.Join(", ", FailurePlan.Kinds.Keys)}";
            if (string.IsNullOrEmpty(rule.Name))
                yield return $"{field}.name must not be empty";
            if (rule.Share is not (>= 0 and <= 1))
                yield return $"{field}.share must be from 0 to 1";
            if (rule.Times < 1)
                yield return $"{field}.times must be 1 or more";
            if (rule.After < 0)
                yield return $"{field}.after must be 0 or more";
            foreach (var wrong in Span(field, rule.From, rule.Until))
                yield return wrong;
        }
    }

    private static IEnumerable<string> CheckStaged(SimulationScript script)
    {
        (string Name, string? Text)[] delays =
        [
            ("start", script.Delays?.Start),
            ("stop", script.Delays?.Stop),
            ("delete", script.Delays?.Delete),
        ];
        foreach (var (name, text) in delays)
            if (text is not null && !StagedTime.TryRange(text, out _))
                yield return $"$.delays.{name} must be a time or a range, such as 2s or 2s..10s";
        foreach (var (rule, i) in (script.Api ?? []).Select((rule, i) => (rule, i)))
        {
            if (rule?.Kind is null || !StagedApi.Kinds.ContainsKey(rule.Kind))
                yield return $"$.api[{i}].kind must be one of {string.Join(", ", StagedApi.Kinds.Keys)}";
            if (rule?.Delay is { } delay ? !Durations.TryParse(delay, out _) : rule?.Kind == StagedApi.Slow)
                yield return $"$.api[{i}].delay must be a time, such as 2s";
            foreach (var wrong in Span($"$.api[{i}]", rule?.From, rule?.Until))
                yield return wrong;
        }

        foreach (var (rule, i) in (script.Conditions ?? []).Select((rule, i) => (rule, i)))
        {
            if (!ConditionTypes.Required.Contains(rule?.Type))
                yield return $"$.conditions[{i}].type must be one of {string.Join(", ", ConditionTypes.Required)}";
            if (string.IsNullOrEmpty(rule?.Code))
                yield return $"$.conditions[{i}].code must not be empty";
            foreach (var wrong in Span($"$.conditions[{i}]", rule?.From, rule?.Until))
                yield return wrong;
        }
    }

    private static IEnumerable<string> Span(string field, string? from, string? until)
    {
        foreach (var (name, text) in new[] { ("from", from), ("until", until) })
            if (text is not null && !Durations.TryParse(text, out _))
                yield return $"{field}.{name} must be a time since the agent's start, such as 30s";
    }
}
