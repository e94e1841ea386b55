using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CallFailures;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Grpc.Core;

namespace Coder.Mesh.Cli.Commands;

/// <summary>Runs one operation for several names, and collects the failures.</summary>
internal sealed class Batch(Invocation run)
{
    private readonly List<(string Name, Failure Failure)> _failed = [];
    private int _total;

    /// <summary>The code of the first failure; 0 when there was none.</summary>
    public int ExitCode => _failed.Count == 0 ? ExitCodes.Ok : _failed[0].Failure.ExitCode;

    /// <summary>Removes each of the names, after a confirmation.</summary>
    /// <param name="kind">What they are, such as "provider".</param>
    /// <param name="yes">Whether --yes was given.</param>
    /// <param name="loss">Text that follows "will be removed".</param>
    /// <param name="check">Finds a reason against the removal of one; null if there is none.</param>
    public static async Task<int> Remove(
        Invocation run,
        string kind,
        string[] names,
        bool yes,
        string loss,
        Func<string, Task<Failure?>> check,
        Func<string, Task> remove,
        CancellationToken ct
    )
    {
        if (!yes && await Refused(run, names, check, "removed") is { } exitCode)
            return exitCode;
        await Confirmation.Removal(run.Output, run.Prompt, yes, $"{Named(kind, names)} will be removed{loss}", ct);
        var removed = new JsonArray();
        var batch = new Batch(run);
        await batch.Each(
            names,
            async name =>
            {
                await remove(name);
                removed.Add((JsonNode)name);
                run.Output.Success($"{kind}/{name} removed");
            }
        );
        batch.Summarize();
        if (run.WantsData)
            run.Data(new JsonObject { ["removed"] = removed, ["failed"] = batch.FailedAsJson() });
        return batch.ExitCode;
    }

    /// <summary>
    /// Checks each name before the user is asked to confirm. If any check fails, nothing is changed. Skipped if there
    /// is no terminal for a confirmation.
    /// </summary>
    /// <param name="key">The field of the changed resources in data.</param>
    /// <returns>The exit code; null if all checks passed.</returns>
    public static async Task<int?> Refused(
        Invocation run,
        string[] names,
        Func<string, Task<Failure?>> check,
        string key
    )
    {
        if (!run.Prompt.Possible)
            return null;
        var batch = new Batch(run);
        await batch.Each(
            names,
            async name =>
            {
                if (await check(name) is { } failure)
                    batch.Fail(name, failure);
            }
        );
        if (batch.ExitCode == ExitCodes.Ok)
            return null;
        if (batch._total > 1)
            run.Output.Info("nothing was changed");
        if (run.WantsData)
            run.Data(new JsonObject { [key] = new JsonArray(), ["failed"] = batch.FailedAsJson() });
        return batch.ExitCode;
    }

    /// <returns>For example: providers "a", "b".</returns>
    public static string Named(string kind, IEnumerable<string> names)
    {
        var quoted = names.Distinct().Select(name => $"\"{name}\"").ToList();
        return $"{kind}{(quoted.Count == 1 ? "" : "s")} {string.Join(", ", quoted)}";
    }

    /// <summary>Acts on each name once, in the order given.</summary>
    public async Task Each(IEnumerable<string> names, Func<string, Task> act)
    {
        var left = new Queue<string>(names.Distinct());
        _total = left.Count;
        while (left.TryDequeue(out var name))
        {
            try
            {
                await act(name);
            }
            catch (RpcException e) when (e.StatusCode != StatusCode.Cancelled)
            {
                Fail(name, RpcFailures.From(e, run.Target, run.Subject(name)));
            }

            // The rest would fail in the same way, each after its own timeout.
            if (
                left.Count > 0
                && _failed is [.., (_, { ExitCode: ExitCodes.Unreachable or ExitCodes.NotPermitted } stopped)]
            )
            {
                run.Output.Warning($"skipped: {string.Join(", ", left)}");
                _failed.AddRange(
                    left.Select(rest => (rest, new Failure("skipped after an earlier failure", stopped.ExitCode)))
                );
                return;
            }
        }
    }

    public void Fail(string name, Failure failure)
    {
        _failed.Add((name, failure));
        run.Output.Error(failure);
    }

    /// <summary>Reports the number of failures, if there were several names.</summary>
    public void Summarize()
    {
        if (_total > 1 && _failed.Count > 0)
            run.Output.Error(new Failure($"{_failed.Count} of {_total} failed", ExitCode));
    }

    /// <summary>The failures as data.</summary>
    public JsonArray FailedAsJson() =>
        new([
            .. _failed.Select(f => new JsonObject
            {
                ["name"] = Text.WithoutControls(f.Name),
                ["exitCode"] = f.Failure.ExitCode,
                ["reason"] = Text.WithoutControls(f.Failure.Reason ?? ""),
                ["message"] = Text.WithoutControls(f.Failure.Message),
            }),
        ]);
}
