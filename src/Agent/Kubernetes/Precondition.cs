namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Ties an apply to what it was decided from: the API server refuses it if that is no longer so.</summary>
internal static class Precondition
{
    // Apply creates what isn't there and doesn't look at the version then; an object that is there never has this one.
    private const string NothingThere = "1";

    public static void On(V1ObjectMeta applied, ObjectMeta? read)
    {
        applied.Uid = read?.Uid;
        applied.ResourceVersion = read?.ResourceVersion ?? NothingThere;
    }
}
