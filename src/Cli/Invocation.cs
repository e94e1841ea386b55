using System.CommandLine;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli;

/// <summary>One run of one command.</summary>
internal sealed record Invocation(
    ParseResult Line,
    MeshClient Client,
    ControlPlane Target,
    Output Output,
    Prompt Prompt,
    TimeProvider Time
)
{
    public bool Json => Line.WantsJson();
}
