namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Authorization policies; every service names one of these.</summary>
internal static class Policies
{
    /// <summary>The agent of a provider, for its own provider.</summary>
    public const string Agent = nameof(Agent);

    /// <summary>Everything else.</summary>
    public const string SiteAdmin = nameof(SiteAdmin);
}
