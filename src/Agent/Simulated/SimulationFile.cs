using System.Text.Json;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>Reads and checks a script; whatever is wrong becomes an error that names file, field and rule.</summary>
internal static class SimulationFile
{
    private const long MaxBytes = 256 * 1024;

    public static SimulationScript? Read(string path, string place, List<string> errors)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxBytes })
            {
                errors.Add($"{place}: {path} is larger than {MaxBytes / 1024} KiB; that is no script.");
                return null;
            }

            var script = JsonSerializer.Deserialize(
                File.ReadAllBytes(path),
                SimulationJsonContext.Default.SimulationScript
            );
            var wrong = script is null ? ["$ must be an object"] : Check(script).ToList();
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

    // The reader's own words name its types, and repeat path and line.
    private static string Reason(JsonException e) =>
        e.Message.Contains("could not be mapped", StringComparison.Ordinal)
            ? "there is no such field."
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
        }
    }
}
