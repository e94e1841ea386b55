using System.Globalization;
using System.Reflection;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.Protocol;
using Google.Api;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using static Google.Api.HttpRule.PatternOneofCase;

namespace Coder.Mesh.Docs.Tests;

/// <summary>
/// The routes of docs/json.md are those that the protos give, each with what may be sent besides its path.
/// </summary>
public sealed class JsonTests
{
    private static readonly Document Page = Document.Read("json.md");

    private static readonly List<MethodDescriptor> Methods =
    [
        .. typeof(ProtocolVersion)
            .Assembly.GetTypes()
            .Where(t => t.Name.EndsWith("Reflection", StringComparison.Ordinal))
            .Select(t =>
                (FileDescriptor)t.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!
            )
            .SelectMany(f => f.Services)
            .SelectMany(s => s.Methods),
    ];

    [Fact]
    public void Every_method_is_documented_with_its_route_and_parameters_and_no_other() =>
        Assert.Equal(
            Methods.Where(IsPublic).Select(Row).Order(StringComparer.Ordinal),
            Page.Under("## Routes").Rows().Select(r => string.Join(" | ", r)).Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Every_method_of_the_public_API_has_one_route_and_none_of_the_agents_has_any() =>
        Assert.All(Methods, m => Assert.Equal((m.FullName, IsPublic(m)), (m.FullName, Rule(m) is not null)));

    [Fact]
    public void No_two_methods_have_the_same_route() =>
        Assert.Empty(
            Methods.Where(IsPublic).GroupBy(m => Route(Rule(m)!)).Where(g => g.Count() > 1).Select(g => g.Key)
        );

    /// <summary>Callers have them in their scripts; what compares protos doesn't look at them.</summary>
    [Fact]
    public void Routes_that_were_released_are_still_there()
    {
        var now = Methods.Where(IsPublic).SelectMany(m => Bindings(Rule(m)!, m.FullName)).ToHashSet();
        var released = Directory.GetFiles(Path.Combine(Document.Root, "eng/protos"), "*.binpb");

        Assert.NotEmpty(released);
        foreach (var image in released)
            Assert.Equal("", string.Join('\n', Released(image).Except(now)));
    }

    [Fact]
    public async Task Every_code_has_the_documented_HTTP_status()
    {
        var documented = Page.Under("## Errors")
            .Rows()
            .SelectMany(r => Document.Words(r[1]).Select(code => (Code: code, Status: r[0].Trim('`'))))
            .ToDictionary(
                r => Enum.Parse<ErrorKind>(r.Code.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
                r => int.Parse(r.Status, CultureInfo.InvariantCulture)
            );

        foreach (var kind in Enum.GetValues<ErrorKind>())
        {
            var context = new DefaultHttpContext();
            await JsonErrors.Write(context, new Error(kind, ErrorReasons.Internal, ""));
            Assert.Equal((kind, documented.GetValueOrDefault(kind)), (kind, context.Response.StatusCode));
        }
    }

    private static bool IsPublic(MethodDescriptor method) => method.File.Package == "coder.mesh.v1";

    private static HttpRule? Rule(MethodDescriptor method) =>
        method.GetOptions()?.GetExtension(AnnotationsExtensions.Http);

    private static List<string> Released(string image)
    {
        var files = FileDescriptorSet
            .Parser.WithExtensionRegistry([AnnotationsExtensions.Http])
            .ParseFrom(File.ReadAllBytes(image));
        var rules =
            from file in files.File
            from service in file.Service
            from method in service.Method
            where method.Options?.HasExtension(AnnotationsExtensions.Http) == true
            from binding in Bindings(
                method.Options.GetExtension(AnnotationsExtensions.Http),
                $"{file.Package}.{service.Name}.{method.Name}"
            )
            select binding;
        var routes = rules.ToList();
        Assert.NotEmpty(routes);
        return routes;
    }

    private static IEnumerable<string> Bindings(HttpRule rule, string method) =>
        rule.AdditionalBindings.Prepend(rule).Select(r => $"{method}: {Route(r)} with body '{r.Body}'");

    private static string Row(MethodDescriptor method)
    {
        var rule = Rule(method);
        if (rule is null)
            return $"{method.FullName} has no route";
        var route = Route(rule);
        var rest = method
            .InputType.Fields.InDeclarationOrder()
            .Where(f => !route.Contains($"{{{f.Name}}}", StringComparison.Ordinal))
            .Select(f => $"`{f.JsonName}`")
            .ToList();
        var place = rule.Body == "*" ? "body" : "query";
        var parameters = rest.Count == 0 ? "" : $"{place}: {string.Join(", ", rest)}";
        return $"`{method.Service.Name}.{method.Name}` | `{route}` | {parameters}";
    }

    private static string Route(HttpRule rule) =>
        rule.PatternCase switch
        {
            Get => $"GET {rule.Get}",
            Put => $"PUT {rule.Put}",
            Post => $"POST {rule.Post}",
            Patch => $"PATCH {rule.Patch}",
            Delete => $"DELETE {rule.Delete}",
            _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, "no such method"),
        };
}
