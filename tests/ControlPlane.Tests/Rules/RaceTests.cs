using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Tests.Rules;

/// <summary>
/// The rules under two callers at once. Both are held at a lock until both wait, in the order in which they came, so
/// each interleaving is the one that its name says, and not left to luck.
/// </summary>
public sealed class RaceTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const string Ok = "ok";

    [Theory]
    [InlineData(true, Ok, ErrorReasons.OrganizationUsesProvider)]
    [InlineData(false, ErrorReasons.PlacementRefused, Ok)]
    public async Task R5_create_against_disallow(bool createFirst, string created, string disallowed)
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "west");
        await mesh.Organization("science", "west");

        var answers = await Race(
            mesh,
            await HeldLock.Organization(mesh.Database, await mesh.OrganizationId("science"), Ct),
            createFirst,
            () => mesh.Place("dev", "science", "west"),
            () => mesh.Disallow("science", "west")
        );

        Assert.Equal((created, disallowed), answers);
        await AssertInvariants(mesh);
    }

    [Theory]
    [InlineData(true, Ok)]
    [InlineData(false, ErrorReasons.PlacementRefused)]
    public async Task R7_create_against_cordon(bool createFirst, string created)
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "west");
        await mesh.Allow("default", "west");

        var answers = await Race(
            mesh,
            await HeldLock.Provider(mesh.Database, await mesh.ProviderId("west"), Ct),
            createFirst,
            () => mesh.Place("dev", provider: "west"),
            () => mesh.Cordon("west")
        );

        Assert.Equal((created, Ok), answers);
    }

    [Theory]
    [InlineData(true, Ok, ErrorReasons.ProviderInUse)]
    [InlineData(false, ErrorReasons.ProviderNotFound, Ok)]
    public async Task R4_create_against_delete(bool createFirst, string created, string deleted)
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "west");
        await mesh.Allow("default", "west");

        var answers = await Race(
            mesh,
            await HeldLock.Provider(mesh.Database, await mesh.ProviderId("west"), Ct),
            createFirst,
            () => mesh.Place("dev", provider: "west"),
            () => mesh.Delete("west")
        );

        Assert.Equal((created, deleted), answers);
        await AssertInvariants(mesh);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task R7_create_against_set_default_places_in_the_one_that_was_the_default_when_it_was_asked(
        bool createFirst
    )
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "east", "west");
        foreach (var name in new[] { "east", "west" })
            await mesh.Allow("default", name);
        await mesh.SetDefault("east");
        Task<Workspace>? placing = null;

        var answers = await Race(
            mesh,
            await HeldLock.Events(mesh.Database, Ct),
            createFirst,
            () => placing = mesh.Place("dev"),
            () => mesh.SetDefault("west")
        );

        Assert.Equal((Ok, Ok), answers);
        Assert.Equal("east", (await placing!).Provider);
        Assert.Equal("west", (await mesh.Place("next")).Provider);
    }

    [Theory]
    [InlineData(true, Ok, ErrorReasons.ProviderIsDefault)]
    [InlineData(false, ErrorReasons.ProviderNotFound, Ok)]
    public async Task R3_set_default_against_delete(bool defaultFirst, string set, string deleted)
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create("west");

        var answers = await Race(
            mesh,
            await HeldLock.Provider(mesh.Database, await mesh.ProviderId("west"), Ct),
            defaultFirst,
            () => mesh.SetDefault("west"),
            () => mesh.Delete("west")
        );

        Assert.Equal((set, deleted), answers);
        await AssertInvariants(mesh);
    }

    [Theory]
    [InlineData(true, Ok)]
    [InlineData(false, ErrorReasons.ProviderCordoned)]
    public async Task R3_set_default_against_cordon(bool defaultFirst, string set)
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        Task<CordonProviderResponse>? cordoning = null;

        var answers = await Race(
            mesh,
            await HeldLock.Provider(mesh.Database, await mesh.ProviderId("west"), Ct),
            defaultFirst,
            () => mesh.SetDefault("west"),
            () => cordoning = mesh.Cordon("west")
        );

        Assert.Equal((set, Ok), answers);
        Assert.Equal(defaultFirst, (await cordoning!).Warning.Length > 0);
    }

    [Theory]
    [InlineData(true, Ok, ErrorReasons.OrganizationInUse)]
    [InlineData(false, ErrorReasons.OrganizationNotFound, Ok)]
    public async Task Create_against_organization_delete(bool createFirst, string created, string deleted)
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        await mesh.Organization("science");

        var answers = await Race(
            mesh,
            await HeldLock.Organization(mesh.Database, await mesh.OrganizationId("science"), Ct),
            createFirst,
            () => mesh.Place("dev", "science"),
            () => mesh.DeleteOrganization("science")
        );

        Assert.Equal((created, deleted), answers);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task R7_of_two_creates_at_maximum_less_one_the_first_wins(bool inOrder)
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        var id = await mesh.Ready("west", new ProviderDetails { MaxWorkspaces = 2 });
        await mesh.Allow("default", "west");
        await mesh.Place("zero", provider: "west");

        var (one, two) = await Race(
            mesh,
            await HeldLock.Provider(mesh.Database, id, Ct),
            inOrder,
            () => mesh.Place("one", provider: "west"),
            () => mesh.Place("two", provider: "west")
        );

        Assert.Equal(inOrder ? (Ok, ErrorReasons.PlacementRefused) : (ErrorReasons.PlacementRefused, Ok), (one, two));
        Assert.Equal(2, (await mesh.Plane.Provider("west", Ct)).UnfinishedWorkspaces);
    }

    [Fact]
    public async Task R7_a_create_that_began_before_there_was_a_maximum_keeps_to_it()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "west");
        await mesh.Allow("default", "west");
        await mesh.Place("zero", provider: "west");

        var (limited, created) = await Race(
            mesh,
            await HeldLock.Provider(mesh.Database, await mesh.ProviderId("west"), Ct),
            inOrder: true,
            () => Limit(mesh, "west", 1),
            () => mesh.Place("one", provider: "west")
        );

        Assert.Equal((Ok, ErrorReasons.PlacementRefused), (limited, created));
    }

    [Theory]
    [InlineData(true, Ok, ErrorReasons.ProviderLastOfOrganization)]
    [InlineData(false, ErrorReasons.ProviderLastOfOrganization, Ok)]
    public async Task R6_delete_of_one_provider_against_disallow_of_the_other(
        bool deleteFirst,
        string deleted,
        string disallowed
    )
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create("east");
        await mesh.Create("west");
        await mesh.Organization("science", "east", "west");
        await mesh.Disallow("science", "built-in");

        var answers = await Race(
            mesh,
            await HeldLock.Organization(mesh.Database, await mesh.OrganizationId("science"), Ct),
            deleteFirst,
            () => mesh.Delete("east"),
            () => mesh.Disallow("science", "west")
        );

        Assert.Equal((deleted, disallowed), answers);
        Assert.Single((await mesh.Read("science")).Providers);
    }

    [Theory]
    [InlineData(true, Ok, Ok)]
    [InlineData(false, ErrorReasons.ProviderNotFound, Ok)]
    public async Task R4_allow_against_delete(bool allowFirst, string allowed, string deleted)
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Organization("science");

        var answers = await Race(
            mesh,
            await HeldLock.Provider(mesh.Database, await mesh.ProviderId("west"), Ct),
            allowFirst,
            () => mesh.Allow("science", "west"),
            () => mesh.Delete("west")
        );

        // Allowed after the delete had listed who may use it: it lists anew, and takes it off that list too.
        Assert.Equal((allowed, deleted), answers);
        Assert.Equal(["built-in"], (await mesh.Read("science")).Providers);
    }

    [Fact]
    public async Task R2_of_two_creates_of_one_name_one_wins()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);

        var (one, two) = await Race(
            mesh,
            await HeldLock.Events(mesh.Database, Ct),
            inOrder: true,
            () => mesh.Create("west"),
            () => mesh.Create("west")
        );

        Assert.Equal([ErrorReasons.ProviderExists, Ok], new[] { one, two }.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task R2_of_two_organizations_of_one_name_one_wins()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);

        var (one, two) = await Race(
            mesh,
            await HeldLock.Events(mesh.Database, Ct),
            inOrder: true,
            () => mesh.Organization("science"),
            () => mesh.Organization("science")
        );

        Assert.Equal([ErrorReasons.OrganizationExists, Ok], new[] { one, two }.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_lock_that_isnt_given_in_time_is_an_answer_that_says_so()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "west");
        await using var held = await HeldLock.Provider(mesh.Database, await mesh.ProviderId("west"), Ct);

        Assert.Equal(ErrorReasons.ConcurrentChange, await mesh.Cordon("west").Answer());
    }

    /// <returns>The answers of the first and the second call, whichever came first.</returns>
    private static async Task<(string First, string Second)> Race(
        Mesh mesh,
        HeldLock held,
        bool inOrder,
        Func<Task> first,
        Func<Task> second
    )
    {
        Task<string> one,
            other;
        await using (held)
        {
            one = (inOrder ? first : second)().Answer();
            await held.Until(1, Ct);
            other = (inOrder ? second : first)().Answer();
            await held.Until(2, Ct);
        }

        var answers = (await one, await other);
        return inOrder ? answers : (answers.Item2, answers.Item1);
    }

    private static async Task Limit(Mesh mesh, string provider, int max) =>
        await mesh.Plane.Providers.UpdateProviderAsync(
            new UpdateProviderRequest
            {
                Provider = provider,
                Details = new ProviderDetails { MaxWorkspaces = max },
                UpdateMask = new Google.Protobuf.WellKnownTypes.FieldMask { Paths = { "details.max_workspaces" } },
            },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

    private static async Task AssertInvariants(Mesh mesh) => Assert.Empty(await Invariants.Broken(mesh.Database, Ct));
}
