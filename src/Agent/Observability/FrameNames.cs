using System.Collections.Frozen;
using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Agent.Observability;

/// <summary>The names of frames as spans, metrics and logs tell them, such as <c>workspace_desired</c>.</summary>
internal static class FrameNames
{
    private static readonly FrozenDictionary<ConnectRequest.FrameOneofCase, string> Requests =
        Enum.GetValues<ConnectRequest.FrameOneofCase>().ToFrozenDictionary(f => f, f => Snake(f.ToString()));

    private static readonly FrozenDictionary<ConnectResponse.FrameOneofCase, string> Responses =
        Enum.GetValues<ConnectResponse.FrameOneofCase>().ToFrozenDictionary(f => f, f => Snake(f.ToString()));

    public static string Of(ConnectRequest.FrameOneofCase frame) => Requests.GetValueOrDefault(frame, "unknown");

    public static string Of(ConnectResponse.FrameOneofCase frame) => Responses.GetValueOrDefault(frame, "unknown");

    public static string Snake(string name) =>
        string.Concat(
            name.Select(
                (c, i) => char.IsAsciiLetterUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()
            )
        );
}
