namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Who may call what; every service names one of these.</summary>
internal static class Policies
{
    /// <summary>A provider's agent, for its own provider.</summary>
    public const string Agent = nameof(Agent);

    /// <summary>Everything else.</summary>
    public const string SiteAdmin = nameof(SiteAdmin);
}
