using System.Runtime.CompilerServices;
using Coder.Mesh.V1;
using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Coder.Mesh.Protocol.Tests;

/// <summary>Methods keep the routes that they were released with; buf compares messages and methods, but not their options.</summary>
public sealed class ReleasedRoutesTests
{
    private static readonly ExtensionRegistry Options = new() { AnnotationsExtensions.Http };

    [Fact]
    public void Every_method_of_the_last_release_has_the_route_that_it_had()
    {
        var released = FileDescriptorSet.Parser.WithExtensionRegistry(Options).ParseFrom(LastRelease());

        var then = Routes(released.File);

        var now = Routes([
            DeploymentServiceReflection.Descriptor.ToProto(),
            OrganizationServiceReflection.Descriptor.ToProto(),
            ProviderServiceReflection.Descriptor.ToProto(),
            WorkspaceServiceReflection.Descriptor.ToProto(),
        ]);
        Assert.NotEmpty(then);
        Assert.All(then, m => Assert.Equal((m.Key, m.Value), (m.Key, now.GetValueOrDefault(m.Key))));
    }

    private static Dictionary<string, HttpRule> Routes(IEnumerable<FileDescriptorProto> files) =>
        files
            .Where(f => f.Package == "coder.mesh.v1")
            .SelectMany(f => f.Service)
            .SelectMany(s => s.Method.Select(m => (Name: $"{s.Name}.{m.Name}", m.Options)))
            .ToDictionary(m => m.Name, m => m.Options.GetExtension(AnnotationsExtensions.Http));

    private static byte[] LastRelease([CallerFilePath] string source = "") =>
        File.ReadAllBytes(
            Directory
                .EnumerateFiles(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "../../eng/protos")))
                .MaxBy(f => Version.Parse(Path.GetFileNameWithoutExtension(f)[1..]))!
        );
}
