using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Proc;
using Coder.Mesh.Load.Store;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Placements;

/// <summary>Placements and bare appends in turn, on the same PostgreSQL.</summary>
internal sealed class PlacementRun(PlacementOptions options, TimeProvider time, Action<string> say)
{
    private const string BuiltIn = "built-in";
    private const string Organization = "default";
    private const int Organizations = 8;

    // High enough that nobody is refused, so that only the lock and the count are seen.
    private const int Maximum = 1_000_000;

    public async Task<PlacementResult> Run(CancellationToken ct)
    {
        using var folder = new RunFolder(say);
        var product = new ControlPlane(options.ControlPlane, folder.Sub("data"), time)
        {
            // All of a run are placed on a few providers.
            Settings = new Dictionary<string, string> { ["Mesh__AgentStream__MaxWorkspacesPerSnapshot"] = "100000" },
        };
        say("starting the control plane");
        await using var server = await product.Start(ct);
        using var channel = GrpcChannel.ForAddress(server.Address);
        var headers = await product.AdminHeaders(ct);
        var limited = await Provision(channel, headers, ct);
        AgentIdentity[] identities = [await product.BuiltInAgent(ct), .. limited];
        await using var agents = await HeldAgents.Attach(identities, server.Address, time, ct);
        await Readiness.Await(channel, headers, [BuiltIn, .. limited.Select((_, i) => Limited(i))], time, ct);

        await using var floor = await AppendFloor.Create(server.DataFolder!, "floor", snapshot: false, ct);
        await using var snapshots = await AppendFloor.Create(server.DataFolder!, "floor_snapshot", snapshot: true, ct);
        var calls = new PlacementCalls(channel, headers);
        // Code that has run for a moment only isn't compiled as it will be.
        foreach (var kind in new[] { Kind.Append, Kind.AppendAndSnapshot, Kind.Placement })
        {
            say($"warming up: {kind}");
            await new ClosedLoop(options.Callers, options.FirstWarmUp, TimeSpan.Zero, time).Run(
                Call(kind, round: 0),
                _ => Task.CompletedTask,
                ct
            );
        }
        var rounds = new List<IReadOnlyDictionary<Kind, SliceFigures>>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var slices = new Dictionary<Kind, SliceFigures>();
            foreach (var kind in Enum.GetValues<Kind>())
            {
                say($"round {round + 1} of {options.Rounds}: {kind}");
                slices[kind] = await Measure(server, kind, Call(kind, round), ct);
                agents.RequireAttached();
            }
            rounds.Add(slices);
        }
        return new PlacementResult(MachineFacts.Read(), options, rounds, calls.Created, agents.Counts.OtherFrames);

        Func<int, CancellationToken, Task<string?>> Call(Kind kind, int round) =>
            kind switch
            {
                Kind.Append => floor.Append,
                Kind.AppendAndSnapshot => snapshots.Append,
                Kind.Placement => (_, token) => calls.Create(Organization, BuiltIn, requestId: false, token),
                Kind.WithRequestIds => (_, token) => calls.Create(Organization, BuiltIn, requestId: true, token),
                Kind.EightOrganizations => (caller, token) =>
                    calls.Create(OneOf(caller), BuiltIn, requestId: false, token),
                Kind.WithMaximum => (_, token) => calls.Create(Organization, Limited(round), requestId: false, token),
                _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "nothing to call"),
            };
    }

    private async Task<SliceFigures> Measure(
        ServerUnderTest server,
        Kind kind,
        Func<int, CancellationToken, Task<string?>> call,
        CancellationToken ct
    )
    {
        var ofFloor = kind is Kind.Append or Kind.AppendAndSnapshot;
        await using var database = OwnPostgres.Open(server.DataFolder!, "mesh-load-sampler");
        var application = ofFloor ? AppendFloor.Application : OwnPostgres.ProductApplication;
        var sampler = new WaitSampler(database, application, time);
        Cpu? opened = null;
        var loop = new ClosedLoop(options.Callers, options.WarmUp, options.Duration, time);
        var figures = await loop.Run(
            call,
            token =>
            {
                opened = Cpu.Read(server);
                return sampler.Run(token);
            },
            ct
        );
        var closed = Cpu.Read(server);
        server.Process.RequireAlive();
        if (figures.Calls == 0)
            throw server.Process.Failed($"{kind}: no call succeeded: {string.Join(", ", figures.Errors.Keys)}");
        return new SliceFigures(
            figures.PerSecond,
            Percentile.Of(figures.Milliseconds, 0.50),
            Percentile.Of(figures.Milliseconds, 0.95),
            Percentile.Of(figures.Milliseconds, 0.99),
            figures.Errors,
            sampler.Read(),
            closed.Since(opened!, figures.Seconds)
        );
    }

    /// <summary>The organizations, and for each round a provider with a maximum, which starts empty.</summary>
    private async Task<IReadOnlyList<AgentIdentity>> Provision(
        GrpcChannel channel,
        Metadata headers,
        CancellationToken ct
    )
    {
        var organizations = new OrganizationService.OrganizationServiceClient(channel);
        var providers = new ProviderService.ProviderServiceClient(channel);
        for (var i = 0; i < Organizations; i++)
            await organizations.CreateOrganizationAsync(
                new CreateOrganizationRequest { Name = OneOf(i) },
                headers,
                cancellationToken: ct
            );
        var limited = new List<AgentIdentity>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var create = new CreateProviderRequest
            {
                Name = Limited(round),
                Details = new ProviderDetails { MaxWorkspaces = Maximum },
            };
            var created = await providers.CreateProviderAsync(create, headers, cancellationToken: ct);
            limited.Add(AgentIdentity.OfToken(created.Token));
            var allow = new AllowProviderRequest { Organization = Organization, Provider = create.Name };
            await organizations.AllowProviderAsync(allow, headers, cancellationToken: ct);
        }
        return limited;
    }

    private static string OneOf(int caller) => $"organization-{caller % Organizations}";

    private static string Limited(int round) => $"limited-{round}";

    private sealed record Cpu(TimeSpan Product, TimeSpan Postgres, TimeSpan Tool, TimeSpan Machine)
    {
        public static Cpu Read(ServerUnderTest server) =>
            new(
                ProcessSample.Read(server.Process.Pid).Cpu,
                server.Postgres()?.Cpu ?? TimeSpan.Zero,
                ProcessSample.Read(Environment.ProcessId).Cpu,
                MachineCpu.Busy()
            );

        public CoreFigures Since(Cpu from, double seconds)
        {
            var product = (Product - from.Product).TotalSeconds / seconds;
            var postgres = (Postgres - from.Postgres).TotalSeconds / seconds;
            var tool = (Tool - from.Tool).TotalSeconds / seconds;
            var all = (Machine - from.Machine).TotalSeconds / seconds;
            return new CoreFigures(product, postgres, tool, Math.Max(0, all - product - postgres - tool));
        }
    }
}
