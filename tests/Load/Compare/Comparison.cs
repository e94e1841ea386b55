using Coder.Mesh.Load.Agents;

namespace Coder.Mesh.Load.Compare;

/// <summary>Floor and product in turn, several times: noise that comes and goes meets both.</summary>
internal sealed class Comparison(ComparisonOptions options, TimeProvider time, Action<string> say)
{
    public async Task<ComparisonResult> Run(CancellationToken ct)
    {
        OpenFiles.Require(options.Count);
        using var folder = new RunFolder(say);
        return await Run(folder.Path, ct);
    }

    private async Task<ComparisonResult> Run(string folder, CancellationToken ct)
    {
        var product = options.ControlPlane is { } executable
            ? new ControlPlane(executable, Path.Combine(folder, "data"), time)
            : null;
        var identities = product is null ? AgentIdentity.MadeUp(options.Count) : await Provision(product, ct);
        var tokens = Path.Combine(folder, "tokens");
        await WriteSecret(tokens, identities.Select(identity => identity.Token), ct);

        var rounds = new List<RoundFigures>(options.Rounds);
        for (var round = 1; round <= options.Rounds; round++)
        {
            var floor = await Measure("floor", () => ServerUnderTest.StartFloor("the floor", time, ct));
            var measured = await Measure(
                product is null ? "floor again" : "product",
                () => product?.Start(ct) ?? ServerUnderTest.StartFloor("the second floor", time, ct)
            );
            rounds.Add(new RoundFigures(floor, measured));

            async Task<Figures> Measure(string name, Func<Task<ServerUnderTest>> start)
            {
                say($"round {round} of {options.Rounds}: {name}");
                await using var server = await start();
                return await new Measurement(server, options, time).Run(identities[0], tokens, ct);
            }
        }
        return new ComparisonResult(MachineFacts.Read(), options, rounds);
    }

    // In a process of its own, which ends: in the rounds the product, like the floor, is one that has just started.
    private async Task<IReadOnlyList<AgentIdentity>> Provision(ControlPlane product, CancellationToken ct)
    {
        say($"creating {options.Count} providers");
        await using var server = await product.Start(ct);
        return await product.Provision(server, options.Count, ct);
    }

    private static async Task WriteSecret(string path, IEnumerable<string> lines, CancellationToken ct)
    {
        var onlyOwner = new FileStreamOptions
        {
            Access = FileAccess.Write,
            Mode = FileMode.CreateNew,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using var writer = new StreamWriter(path, onlyOwner);
        foreach (var line in lines)
            await writer.WriteLineAsync(line.AsMemory(), ct);
    }
}
