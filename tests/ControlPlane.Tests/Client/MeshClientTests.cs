using System.Net;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.Tests.Support.Network;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Client;

public sealed class MeshClientTests(PostgresFixture postgres) : ClientTestBase(postgres)
{
    [Fact]
    public async Task Each_kind_of_failure_has_its_type_with_what_the_control_plane_said()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var client = Client(plane);
        await client.Providers.CreateProviderAsync(new() { Name = "west" }, cancellationToken: Ct);

        var missing = await Assert.ThrowsAsync<MeshNotFoundException>(async () =>
            await client.Providers.GetProviderAsync(new() { Provider = "none" }, cancellationToken: Ct)
        );
        var bad = await Assert.ThrowsAsync<MeshInvalidArgumentException>(async () =>
            await client.Workspaces.CreateWorkspaceAsync(
                new() { Name = "Dev", Spec = TestControlPlane.Spec() },
                cancellationToken: Ct
            )
        );
        var taken = await Assert.ThrowsAsync<MeshAlreadyExistsException>(async () =>
            await client.Providers.CreateProviderAsync(new() { Name = "west" }, cancellationToken: Ct)
        );
        var refused = await Assert.ThrowsAsync<MeshRefusedException>(async () =>
            await client.Workspaces.CreateWorkspaceAsync(
                new()
                {
                    Name = "dev",
                    Provider = "west",
                    Spec = TestControlPlane.Spec(),
                },
                cancellationToken: Ct
            )
        );
        var stale = await Assert.ThrowsAsync<MeshConflictException>(async () =>
            await client.Providers.DeleteProviderAsync(new() { Provider = "west", Etag = "0" }, cancellationToken: Ct)
        );

        Assert.Equal(ErrorReasons.ProviderNotFound, missing.Reason);
        Assert.Equal("name", Assert.Single(bad.Fields).Field);
        Assert.Equal(ErrorReasons.ProviderExists, taken.Reason);
        Assert.Equal(
            ["NOT_ALLOWED", "NOT_READY"],
            refused.Violations.Select(v => v.Type).Order(StringComparer.Ordinal)
        );
        Assert.Contains("west", refused.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorReasons.EtagMismatch, stale.Reason);
    }

    [Fact]
    public async Task A_token_that_is_not_good_is_told_without_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        const string Secret = "mat_0123456789012345678901234567890123456789012";
        using var client = new MeshClient(
            new() { Address = new Uri(plane.GrpcAddress), Token = _ => ValueTask.FromResult(Secret) }
        );

        var refused = await Assert.ThrowsAsync<MeshAccessException>(async () =>
            await client.Providers.ListProvidersAsync(new(), cancellationToken: Ct)
        );

        Assert.Equal(ErrorReasons.TokenInvalid, refused.Reason);
        Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mat_0123456789\n")]
    [InlineData("mat_0123456789ü")]
    [InlineData("")]
    public async Task A_token_that_cannot_be_sent_is_told_without_it_and_breaks_no_connection(string token)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var next = plane.AdminToken;
        using var client = new MeshClient(
            new() { Address = new Uri(plane.GrpcAddress), Token = _ => ValueTask.FromResult(next) }
        );
        await using var events = client.WatchAsync(new WatchProvidersRequest(), Ct).GetAsyncEnumerator(Ct);
        await Until(events, e => e is WatchSynced<Provider>);
        var read = events.MoveNextAsync();

        next = token;
        var refused = await Assert.ThrowsAnyAsync<MeshException>(async () =>
            await client.Organizations.ListOrganizationsAsync(new(), cancellationToken: Ct)
        );
        next = plane.AdminToken;
        await client.Providers.CreateProviderAsync(new() { Name = "west" }, cancellationToken: Ct);

        Assert.Contains("MeshClientOptions.Token must return", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789", refused.ToString(), StringComparison.Ordinal);
        Assert.True(await read);
        Assert.IsType<ResourceChanged<Provider>>(events.Current);
    }

    [Fact]
    public async Task The_token_is_asked_for_at_each_call()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var asked = 0;
        using var client = new MeshClient(
            new()
            {
                Address = new Uri(plane.GrpcAddress),
                Token = _ => ValueTask.FromResult(++asked == 1 ? "mat_old" : plane.AdminToken),
            }
        );

        await Assert.ThrowsAsync<MeshAccessException>(async () =>
            await client.Providers.ListProvidersAsync(new(), cancellationToken: Ct)
        );
        await client.Providers.ListProvidersAsync(new(), cancellationToken: Ct);

        Assert.Equal(2, asked);
    }

    /// <summary>The answer is lost each time, so all that the client can do is ask again.</summary>
    [Fact]
    public async Task A_write_whose_answer_was_lost_is_done_once()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var proxy = FaultProxy.Start(IPEndPoint.Parse(new Uri(plane.GrpcAddress).Authority));
        using var client = Client(plane, proxy.Address);
        await client.Providers.ListProvidersAsync(new(), cancellationToken: Ct);
        // As many as the head of a frame has: an answer whose headers have come isn't asked for again.
        proxy.SetOpen(Direction.ToClient, Fault.ResetAfter(9));

        var created = await client.Providers.CreateProviderAsync(new() { Name = "west" }, cancellationToken: Ct);

        var all = await client.Providers.ListProvidersAsync(new(), cancellationToken: Ct);
        Assert.Equal(created.Provider, Assert.Single(all.Providers, p => p.Name == "west"));
        Assert.True(proxy.Connections.Count > 0);
    }

    [Fact]
    public async Task A_control_plane_that_is_away_is_told_within_the_time_of_the_call()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var client = Client(plane, maxAttempts: 2);
        await plane.Stop();

        var away = await Assert.ThrowsAsync<MeshUnavailableException>(async () =>
            await client.Providers.ListProvidersAsync(new(), cancellationToken: Ct)
        );

        Assert.Equal("", away.Reason);
    }

    [Fact]
    public async Task A_host_makes_one_client_from_its_registration()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddMeshClient(o =>
            {
                o.Address = new Uri(plane.GrpcAddress);
                o.Token = _ => ValueTask.FromResult(plane.AdminToken);
            })
            .BuildServiceProvider();

        var client = services.GetRequiredService<MeshClient>();

        Assert.Same(client, services.GetRequiredService<MeshClient>());
        Assert.Single((await client.Providers.ListProvidersAsync(new(), cancellationToken: Ct)).Providers);
    }

    [Theory]
    [InlineData("http://mesh.example.com", nameof(MeshClientOptions.Address))]
    [InlineData("ftp://localhost", nameof(MeshClientOptions.Address))]
    [InlineData(null, nameof(MeshClientOptions.Address))]
    public void An_address_that_would_give_the_token_away_is_refused(string? address, string option)
    {
        var options = new MeshClientOptions
        {
            Address = address is null ? null : new Uri(address),
            Token = _ => ValueTask.FromResult("mat_x"),
        };

        var refused = Assert.Throws<MeshOptionsException>(() => new MeshClient(options));

        Assert.Equal(option, refused.ParamName);
    }
}
