using System.Security.Cryptography;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

/// <summary>Two requests of one id are the same if they mean the same, whatever their bytes are.</summary>
public sealed class RequestHashTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const string Unknown1 = "F83F01";
    private const string Unknown2 = "824002C3A9";

    [Fact]
    public void Requests_that_differ_only_in_their_order_on_the_wire_are_the_same()
    {
        var one = Request([("A", "1"), ("B", "2"), ("C", "3")]);
        var other = Request([("C", "3"), ("A", "1"), ("B", "2")]);

        Assert.NotEqual(one.ToByteArray(), other.ToByteArray());
        Assert.Equal(RequestHash.Of(one), RequestHash.Of(other));
        Assert.True(RequestHash.IsOf(RequestHash.Of(one), other));
    }

    /// <summary>As each sender may write it: the same message, in other bytes.</summary>
    [Theory]
    // Another order; a default value that is written out; a field twice; unknown fields; a message in parts.
    [InlineData("0A036465761203617263", "12036172630A03646576", true)]
    [InlineData("0A036465761203617263", "0A0364657612036172633A00", true)]
    [InlineData("0A016F0A03646576", "0A03646576", true)]
    [InlineData("0A03646576" + Unknown1 + Unknown2, Unknown2 + "0A03646576" + Unknown1, true)]
    [InlineData("22040A02" + "6969" + "22041202" + "3530", "22080A0269691202" + "3530", true)]
    [InlineData("0A03646576" + Unknown1, "0A03646576", false)]
    [InlineData("0A03646576" + Unknown1, "0A03646576F83F02", false)]
    [InlineData("0A03646576", "0A03646575", false)]
    public void What_counts_is_what_was_read(string first, string second, bool same)
    {
        var one = CreateWorkspaceRequest.Parser.ParseFrom(Convert.FromHexString(first));
        var other = CreateWorkspaceRequest.Parser.ParseFrom(Convert.FromHexString(second));

        Assert.Equal(same, RequestHash.IsOf(RequestHash.Of(one), other));
    }

    [Fact]
    public void Lists_keep_their_order_and_masks_have_none()
    {
        var spec = new WorkspaceSpec { Command = { "sh", "-c" } };
        var one = new UpdateWorkspaceRequest { Spec = spec, UpdateMask = Mask("spec.env", "spec.command") };
        var mask = new UpdateWorkspaceRequest { Spec = spec, UpdateMask = Mask("spec.command", "spec.env") };
        var list = one.Clone();
        list.Spec.Command.Clear();
        list.Spec.Command.AddRange(["-c", "sh"]);

        Assert.True(RequestHash.IsOf(RequestHash.Of(one), mask));
        Assert.False(RequestHash.IsOf(RequestHash.Of(one), list));

        static FieldMask Mask(params string[] paths) => new() { Paths = { paths } };
    }

    [Fact]
    public void Hashing_changes_nothing_in_the_request()
    {
        var request = Request([("C", "3"), ("A", "1")]);
        var before = request.ToByteArray();

        RequestHash.Of(request);

        Assert.Equal(before, request.ToByteArray());
    }

    [Fact]
    public async Task A_repetition_with_the_map_in_another_order_gives_the_first_result()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();

        var first = await Create(mesh, Request([("A", "1"), ("B", "2"), ("C", "3")]));
        var again = await Create(mesh, Request([("B", "2"), ("C", "3"), ("A", "1")]));
        var other = await Assert.ThrowsAsync<RpcException>(() => Create(mesh, Request([("B", "2"), ("A", "1")])));

        Assert.Equal(first.Id, again.Id);
        Assert.Equal(ErrorReasons.RequestIdReused, Reason(other));
    }

    [Fact]
    public async Task A_hash_that_0_1_0_stored_is_still_that_of_the_same_bytes()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var request = Request([("C", "3"), ("A", "1")]);
        var first = await Create(mesh, request);
        await using var connection = new NpgsqlConnection(mesh.Database);
        await connection.OpenAsync(Ct);
        await using var old = new NpgsqlCommand("update mesh.mesh_request set hash = $1", connection);
        old.Parameters.AddWithValue(SHA256.HashData(request.ToByteArray()));
        Assert.Equal(1, await old.ExecuteNonQueryAsync(Ct));

        Assert.Equal(first.Id, (await Create(mesh, request)).Id);
    }

    private static async Task<Workspace> Create(Rules.Mesh mesh, CreateWorkspaceRequest request) =>
        (await mesh.Plane.Workspaces.CreateWorkspaceAsync(request, mesh.Plane.Admin, cancellationToken: Ct)).Workspace;

    private static CreateWorkspaceRequest Request((string Name, string Value)[] env)
    {
        var request = new CreateWorkspaceRequest
        {
            Name = "dev",
            RequestId = "r1",
            Spec = TestControlPlane.Spec(),
        };
        foreach (var (name, value) in env)
            request.Spec.Env.Add(name, value);
        return request;
    }
}
