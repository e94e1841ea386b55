using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Deployment;

public sealed class AccessUrlTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task An_agent_that_dials_another_address_than_the_access_url_is_shown_at_once_and_stays_ready()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct, h => h.AccessUrl = "http://old.example.com:80");
        var unset = await Condition(plane);

        await Set(plane, "https://mesh.example.com");
        var outdated = await Condition(plane);
        await Set(plane, "http://old.example.com");
        var current = await Condition(plane);
        var provider = await plane.Provider("built-in", Ct);

        Assert.Null(unset);
        Assert.Equal((ConditionStatus.False, "access_url_outdated"), (outdated!.Status, outdated.Code));
        Assert.Equal(
            "The agent dials http://old.example.com:80; the access URL is https://mesh.example.com.",
            outdated.Message
        );
        Assert.Equal((ConditionStatus.True, ""), (current!.Status, current.Code));
        Assert.Equal((ProviderStatus.Ready, "http://old.example.com:80"), (provider.Status, provider.Agent.AccessUrl));
    }

    [Fact]
    public async Task An_agent_that_does_not_say_what_it_dials_leaves_it_open()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct, h => h.AccessUrl = "");

        await Set(plane, "https://mesh.example.com");

        Assert.Equal(ConditionStatus.Unknown, (await Condition(plane))!.Status);
    }

    [Fact]
    public async Task The_access_url_is_kept_in_one_form_given_to_new_providers_and_taken_back()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = await Read(plane);

        var set = await Set(plane, "HTTPS://Mesh.Example.com:443/");
        var same = await Set(plane, "https://mesh.example.com");
        var created = await plane.Providers.CreateProviderAsync(
            new CreateProviderRequest { Name = "west" },
            plane.Admin,
            cancellationToken: Ct
        );
        var stale = await Assert.ThrowsAsync<RpcException>(() => Set(plane, "", before.Etag));
        var none = await Set(plane, "", same.Etag);

        Assert.Equal(("", "https://mesh.example.com"), (before.AccessUrl, set.AccessUrl));
        Assert.Equal(set.Etag, same.Etag);
        Assert.Equal("https://mesh.example.com", created.AccessUrl);
        Assert.Equal(ErrorReasons.EtagMismatch, Reason(stale));
        Assert.Equal("", none.AccessUrl);
        Assert.NotEmpty(before.Version);
    }

    [Theory]
    [InlineData("mesh.example.com", "must begin with https://")]
    [InlineData("ftp://mesh.example.com", "must begin with https://")]
    [InlineData("https://mesh.example.com/path", "must not have a path")]
    [InlineData("https://mesh.example.com?x=1", "must not have a path")]
    [InlineData("https://user:secret@mesh.example.com", "must not have a user name or password")]
    public async Task What_is_no_access_url_is_refused_by_field_and_rule(string url, string rule)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var refused = await Assert.ThrowsAsync<RpcException>(() => Set(plane, url));

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains($"access_url: {rule}", refused.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("", (await Read(plane)).AccessUrl);
    }

    private static async Task<Condition?> Condition(TestControlPlane plane) =>
        (await plane.Provider("built-in", Ct)).Conditions.SingleOrDefault(c =>
            c.Type == ConditionTypes.AccessUrlCurrent
        );

    private static async Task<Coder.Mesh.V1.Deployment> Read(TestControlPlane plane) =>
        (await plane.Deployment.GetDeploymentAsync(new(), plane.Admin, cancellationToken: Ct)).Deployment;

    private static async Task<Coder.Mesh.V1.Deployment> Set(TestControlPlane plane, string url, string etag = "") =>
        (
            await plane.Deployment.SetAccessUrlAsync(
                new SetAccessUrlRequest { AccessUrl = url, Etag = etag },
                plane.Admin,
                cancellationToken: Ct
            )
        ).Deployment;
}
