using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

/// <summary>A workspace's defaults are the control plane's, however it is created.</summary>
public sealed class DefaultsTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    private static readonly WorkspaceSpec Default = new()
    {
        Image = WorkspaceDefaults.Image,
        Cpu = WorkspaceDefaults.Cpu,
        Memory = WorkspaceDefaults.Memory,
        Disk = WorkspaceDefaults.Disk,
    };

    [Fact]
    public async Task What_is_not_said_at_creation_has_its_default_over_gRPC_and_as_JSON()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await TestAgent.Attach(plane, (await plane.BuiltIn(Ct)).Token, Ct);

        await Send(plane, "POST", "/v1/workspaces", """{"name": "json"}""");
        await Send(plane, "POST", "/v1/workspaces", """{"name": "part", "spec": {"cpu": "500m", "envFrom": ["s"]}}""");
        await Create(plane, new CreateWorkspaceRequest { Name = "grpc" });
        await Create(plane, new CreateWorkspaceRequest { Name = "empty", Spec = new WorkspaceSpec() });

        foreach (var name in (string[])["json", "grpc", "empty"])
            Assert.Equal((name, Default), (name, (await plane.Workspace(name, Ct)).Spec));
        var part = Default.Clone();
        part.Cpu = "500m";
        part.EnvFrom.Add("s");
        Assert.Equal(part, (await plane.Workspace("part", Ct)).Spec);
    }

    [Fact]
    public async Task An_update_has_no_defaults()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await TestAgent.Attach(plane, (await plane.BuiltIn(Ct)).Token, Ct);
        await plane.CreateWorkspace("dev", Ct);

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Workspaces.UpdateWorkspaceAsync(
                new UpdateWorkspaceRequest
                {
                    Workspace = "dev",
                    Spec = new WorkspaceSpec { Cpu = "2" },
                    UpdateMask = new FieldMask { Paths = { "spec" } },
                },
                plane.Admin,
                cancellationToken: Ct
            )
        );

        Assert.Equal(["spec.disk", "spec.image", "spec.memory"], Fields(error).Order(StringComparer.Ordinal));
        Assert.Equal(TestControlPlane.Spec(), (await plane.Workspace("dev", Ct)).Spec);
    }

    [Fact]
    public async Task A_request_without_a_spec_is_repeated_safely()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await TestAgent.Attach(plane, (await plane.BuiltIn(Ct)).Token, Ct);
        var request = new CreateWorkspaceRequest { Name = "dev", RequestId = "once" };

        var first = await Create(plane, request);
        var again = await Create(plane, request);

        Assert.Equal(first.Id, again.Id);
    }

    private static async Task<Workspace> Create(TestControlPlane plane, CreateWorkspaceRequest request) =>
        (await plane.Workspaces.CreateWorkspaceAsync(request, plane.Admin, cancellationToken: Ct)).Workspace;
}
