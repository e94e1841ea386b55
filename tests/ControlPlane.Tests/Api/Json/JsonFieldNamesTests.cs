using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Api.Json;

/// <summary>Errors name fields as the caller knows them.</summary>
public sealed class JsonFieldNamesTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    [Theory]
    [InlineData("details.max_workspaces", "details.maxWorkspaces")]
    [InlineData("details.tolerations[3].toleration_seconds", "details.tolerations[3].tolerationSeconds")]
    [InlineData(
        "details.node_selector[max_workspaces.example.com/a_b]",
        "details.nodeSelector[max_workspaces.example.com/a_b]"
    )]
    [InlineData("update_mask", "updateMask")]
    [InlineData("no_such.field_name", "no_such.field_name")]
    public void Paths_through_messages_lists_and_maps_are_renamed_and_keys_are_not(string path, string json) =>
        Assert.Equal(json, JsonFieldNames.Path(path, UpdateProviderRequest.Descriptor));

    [Fact]
    public void Every_field_of_every_request_has_its_name_of_JSON()
    {
        var requests = AllFiles().SelectMany(f => f.Services).SelectMany(s => s.Methods).Select(m => m.InputType);
        var fields = requests
            .SelectMany(request => Paths(request, "", "").Select(p => (request, p.Proto, p.Json)))
            .ToList();

        Assert.True(fields.Count > 100);
        Assert.All(fields, f => Assert.Equal(f.Json, JsonFieldNames.Path(f.Proto, f.request)));
    }

    private static IEnumerable<(string Proto, string Json)> Paths(MessageDescriptor type, string proto, string json)
    {
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            var index = field.IsRepeated ? "[0]" : "";
            var (path, pathInJson) = ($"{proto}{field.Name}{index}", $"{json}{field.JsonName}{index}");
            yield return (path, pathInJson);
            if (
                field.FieldType != FieldType.Message
                || field.IsMap
                || field.MessageType.File.Package != type.File.Package
            )
                continue;
            foreach (var inner in Paths(field.MessageType, path + ".", pathInJson + "."))
                yield return inner;
        }
    }

    [Fact]
    public async Task Violations_are_named_as_JSON_has_them_and_over_gRPC_as_the_protos_do()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await plane.CreateProvider("west", Ct);
        var request = new UpdateProviderRequest
        {
            Provider = "west",
            Details = new ProviderDetails { MaxWorkspaces = -1, StorageClass = new string('a', 300) },
            UpdateMask = new FieldMask { Paths = { "details.max_workspaces", "details.no_field" } },
        };

        var json = await Send(
            plane,
            "PATCH",
            "/v1/providers/west",
            $$"""{"details": {"maxWorkspaces": -1, "storageClass": "{{new string('a', 300)}}"}, "updateMask": "details.maxWorkspaces,details.noField"}"""
        );
        var grpc = await Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Providers.UpdateProviderAsync(request, plane.Admin, cancellationToken: Ct)
        );

        var violations = json.Detail("BadRequest")!["fieldViolations"]!.AsArray();
        var named = violations.Select(v => (string)v!["field"]!).ToHashSet();
        Assert.Equal(
            ["details.maxWorkspaces", "details.storageClass", "updateMask"],
            named.Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            ["details.max_workspaces", "details.storage_class", "update_mask"],
            Fields(grpc).Distinct().Order(StringComparer.Ordinal)
        );
        var message = (string)json.Body!["message"]!;
        Assert.DoesNotContain('_', message);
        Assert.Contains("\"details.noField\" is none of", message, StringComparison.Ordinal);
        Assert.Contains("details.max_workspaces", grpc.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(string.Join("; ", violations.Select(v => $"{v!["field"]}: {v["description"]}")), message);
    }

    [Fact]
    public async Task What_the_caller_said_is_repeated_as_he_said_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var paged = await Send(plane, "GET", "/v1/providers?pageToken=nonsense!");
        var quoted = await Send(
            plane,
            "POST",
            "/v1/workspaces",
            """{"name": "dev", "spec": {"env": {"max_workspaces=": "v"}}}"""
        );

        var page = Assert.Single(paged.Detail("BadRequest")!["fieldViolations"]!.AsArray())!;
        Assert.Equal(
            ("pageToken", "must be a nextPageToken of an earlier answer"),
            ((string)page["field"]!, (string)page["description"]!)
        );
        Assert.Contains("\"max_workspaces=\"", (string)quoted.Body!["message"]!, StringComparison.Ordinal);
    }

    private static IEnumerable<FileDescriptor> AllFiles() =>
        [
            ProviderServiceReflection.Descriptor,
            WorkspaceServiceReflection.Descriptor,
            OrganizationServiceReflection.Descriptor,
            DeploymentServiceReflection.Descriptor,
        ];
}
