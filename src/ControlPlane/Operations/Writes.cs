using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using WriteContext = Coder.Mesh.ControlPlane.Storage.WriteContext;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>
/// Creates the context of a write from its request, so that repeated requests are recognized for all operations alike.
/// </summary>
internal static class Writes
{
    private static readonly Dictionary<MessageDescriptor, string> Methods = new[]
    {
        ProviderService.Descriptor,
        WorkspaceService.Descriptor,
        OrganizationService.Descriptor,
        DeploymentService.Descriptor,
        TokenService.Descriptor,
    }
        .SelectMany(s => s.Methods)
        .ToDictionary(m => m.InputType, m => $"/{m.Service.FullName}/{m.Name}");

    public static WriteContext By(Caller caller, IMessage request, string requestId) =>
        new(caller.Subject, Methods[request.Descriptor], requestId, requestId.Length > 0 ? request : null);
}
