using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CallFailures;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Grpc.Core;

namespace Coder.Mesh.Cli.Commands;

/// <summary>The same wish for several names: each has its own outcome, and one failure does not hide the others.</summary>
internal sealed class Batch(Invocation run)
{
    private readonly List<(string Name, Failure Failure)> _failed = [];
    private int _asked;

    /// <summary>The code of the first failure; 0 when there was none.</summary>
    public int ExitCode => _failed.Count == 0 ? ExitCodes.Ok : _failed[0].Failure.ExitCode;

    /// <summary>Removes each of the names, and tells which went and which didn't.</summary>
    /// <param name="kind">What they are, such as "provider".</param>
    /// <param name="yes">Whether it is confirmed already.</param>
    /// <param name="loss">What else is lost for good, after "will be removed"; a whole clause.</param>
    /// <param name="look">Why one can't be removed, as far as that shows before; null if nothing stands against it.</param>
    public static async Task<int> Remove(
        Invocation run,
        string kind,
        string[] names,
        bool yes,
        string loss,
        Func<string, Task<Failure?>> look,
        Func<string, Task> remove,
        CancellationToken ct
    )
    {
        if (!yes && await Refused(run, names, look, "removed") is { } exitCode)
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
                run.Output.Success($"removed {kind} \"{name}\"");
            }
        );
        batch.Summarize();
        if (run.WantsData)
            run.Data(new JsonObject { ["removed"] = removed, ["failed"] = batch.FailedAsJson() });
        return batch.ExitCode;
    }

    /// <summary>
    /// Looks at each name before somebody is asked to confirm: nobody confirms what would be refused. Where one can't be,
    /// nothing is changed. Where nobody can be asked, nothing is looked at either.
    /// </summary>
    /// <param name="key">What the changed ones are called in data.</param>
    /// <returns>The code to end with; null if nothing stands against it.</returns>
    public static async Task<int?> Refused(
        Invocation run,
        string[] names,
        Func<string, Task<Failure?>> look,
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
                if (await look(name) is { } failure)
                    batch.Fail(name, failure);
            }
        );
        if (batch.ExitCode == ExitCodes.Ok)
            return null;
        if (batch._asked > 1)
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
        _asked = left.Count;
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

            // What stopped this one would stop the rest, each after a timeout of its own.
            if (
                left.Count > 0
                && _failed is [.., (_, { ExitCode: ExitCodes.Unreachable or ExitCodes.NotPermitted } stopped)]
            )
            {
                run.Output.Warning($"not tried: {string.Join(", ", left)}");
                _failed.AddRange(left.Select(rest => (rest, new Failure("not tried", stopped.ExitCode))));
                return;
            }
        }
    }

    public void Fail(string name, Failure failure)
    {
        _failed.Add((name, failure));
        run.Output.Error(failure);
    }

    /// <summary>Says how many failed, where there were several names.</summary>
    public void Summarize()
    {
        if (_asked > 1 && _failed.Count > 0)
            run.Output.Error(new Failure($"{_failed.Count} of {_asked} failed", ExitCode));
    }

    /// <summary>The failures as data.</summary>
    public JsonArray FailedAsJson() =>
        new([
            .. _failed.Select(f => new JsonObject
            {
                ["name"] = Text.Steerless(f.Name),
                ["exitCode"] = f.Failure.ExitCode,
                ["reason"] = Text.Steerless(f.Failure.Reason ?? ""),
                ["message"] = Text.Steerless(f.Failure.Message),
            }),
        ]);
}
