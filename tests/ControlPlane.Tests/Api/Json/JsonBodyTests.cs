using System.Text.Json;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.V1;
using Google.Protobuf.Reflection;

namespace Coder.Mesh.ControlPlane.Tests.Api.Json;

/// <summary>What is wrong with a body is told by field.</summary>
public sealed class JsonBodyTests
{
    [Theory]
    [InlineData("""{"name": 5}""", "name: must be a text")]
    [InlineData("""{"name": {}, "details": []}""", "name: must be a text", "details: must be an object")]
    [InlineData("""{"nmae": "west"}""", "nmae: is not a field of this request; did you mean name?")]
    [InlineData("""{"something": 1}""", "something: is not a field of this request")]
    [InlineData("""{"name": "a", "name": "b"}""", "name: is given more than once")]
    [InlineData("""{"name": "a", "name": null}""", "name: is given more than once")]
    [InlineData("""{"requestId": "", "request_id": ""}""", "requestId: is given more than once")]
    [InlineData(
        """{"details": {"maxWorkspaces": "many"}}""",
        "details.maxWorkspaces: must be a whole number from -2147483648 to 2147483647"
    )]
    [InlineData(
        """{"details": {"max_workspaces": 1.5, "region": true}}""",
        "details.maxWorkspaces: must be a whole number from -2147483648 to 2147483647",
        "details.region: must be a text"
    )]
    [InlineData(
        """{"details": {"tolerations": [{}, {"key": 1, "tolerationSeconds": true}, 3, null]}}""",
        "details.tolerations[1].key: must be a text",
        "details.tolerations[1].tolerationSeconds: must be a whole number",
        "details.tolerations[2]: must be an object",
        "details.tolerations[3]: must be an object"
    )]
    [InlineData("""{"details": {"tolerations": {}}}""", "details.tolerations: must be a list")]
    [InlineData("""{"details": {"imagePullSecrets": ["a", 2]}}""", "details.imagePullSecrets[1]: must be a text")]
    [InlineData(
        """{"details": {"nodeSelector": {"a/b.c": "x", "d": 1, "a/b.c": "y"}}}""",
        "details.nodeSelector[d]: must be a text",
        "details.nodeSelector[a/b.c]: is given more than once"
    )]
    [InlineData("""{"details": {"nodeSelector": []}}""", "details.nodeSelector: must be an object")]
    public void Field_and_rule_are_told(string body, params string[] problems) =>
        Assert.Equal(problems, Problems(body, CreateProviderRequest.Descriptor));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"name": null, "details": null}""")]
    [InlineData("""{"name": "west", "details": {"max_workspaces": 5, "tolerations": [{"tolerationSeconds": "3"}]}}""")]
    [InlineData("""{"details": {"maxWorkspaces": "5", "nodeSelector": {"a": "b", "A": "c"}, "tolerations": []}}""")]
    [InlineData("""{"details": {"maxWorkspaces": 1e1}}""")]
    public void What_protobuf_takes_is_taken(string body) =>
        Assert.Empty(Problems(body, CreateProviderRequest.Descriptor));

    [Fact]
    public void Mask_is_a_text() =>
        Assert.Equal(
            ["updateMask: must be a text of names of fields with commas between them"],
            Problems("""{"updateMask": ["spec"]}""", UpdateWorkspaceRequest.Descriptor)
        );

    [Fact]
    public void Every_field_of_every_request_is_named_when_it_is_of_another_type_or_given_twice()
    {
        var requests = CreateProviderRequest
            .Descriptor.File.Services.Concat(CreateWorkspaceRequest.Descriptor.File.Services)
            .Concat(CreateOrganizationRequest.Descriptor.File.Services)
            .SelectMany(service => service.Methods)
            .Select(method => method.InputType)
            .ToList();
        var fields = requests
            .SelectMany(r => r.Fields.InDeclarationOrder().Select(f => (Request: r, Field: f)))
            .ToList();

        Assert.True(fields.Count > 60);
        Assert.All(
            fields,
            f =>
            {
                // Neither a text, a number, a message nor a list of anything.
                var wrong = f.Field is { FieldType: FieldType.Bool } ? "5" : "[[false]]";
                var problem = Assert.Single(Problems($$"""{"{{f.Field.Name}}": {{wrong}}}""", f.Request));
                Assert.StartsWith(f.Field.JsonName, problem, StringComparison.Ordinal);
                Assert.Equal(
                    [$"{f.Field.JsonName}: is given more than once"],
                    Problems($$"""{"{{f.Field.Name}}": null, "{{f.Field.JsonName}}": null}""", f.Request)
                );
            }
        );
    }

    [Fact]
    public void Much_that_is_wrong_is_told_in_part()
    {
        var fields = string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"{new string('x', 500)}{i}\": 1"));

        var problems = Problems($"{{{fields}}}", CreateProviderRequest.Descriptor);

        Assert.Equal(20, problems.Count);
        Assert.All(problems, p => Assert.True(p.Length < 120, p));
    }

    private static IReadOnlyList<string> Problems(string body, MessageDescriptor type)
    {
        using var json = JsonDocument.Parse(body);
        return [.. JsonBody.Problems(json.RootElement, type).Select(p => $"{p.Field}: {p.Rule}")];
    }
}
