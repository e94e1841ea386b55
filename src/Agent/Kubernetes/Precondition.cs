namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Makes an apply conditional on the object that it was decided on.</summary>
internal static class Precondition
{
    // An apply creates a missing object regardless of the version, but no existing object has this one.
    private const string NothingThere = "1";

    public static void On(V1ObjectMeta applied, ObjectMeta? read)
    {
        applied.Uid = read?.Uid;
        applied.ResourceVersion = read?.ResourceVersion ?? NothingThere;
    }
}
