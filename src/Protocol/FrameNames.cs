using System.Collections.Frozen;
using System.Text.Json;
using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Protocol;

/// <summary>
/// Names of frames in spans, metrics and logs of both sides, such as <c>workspace_desired</c>.
/// </summary>
public static class FrameNames
{
    private static readonly FrozenDictionary<ConnectRequest.FrameOneofCase, string> Requests =
        Names<ConnectRequest.FrameOneofCase>();

    private static readonly FrozenDictionary<ConnectResponse.FrameOneofCase, string> Responses =
        Names<ConnectResponse.FrameOneofCase>();

    public static string Of(ConnectRequest.FrameOneofCase frame) => Requests.GetValueOrDefault(frame, "unknown");

    public static string Of(ConnectResponse.FrameOneofCase frame) => Responses.GetValueOrDefault(frame, "unknown");

    private static FrozenDictionary<T, string> Names<T>()
        where T : struct, Enum =>
        Enum.GetValues<T>().ToFrozenDictionary(f => f, f => JsonNamingPolicy.SnakeCaseLower.ConvertName(f.ToString()));
}
