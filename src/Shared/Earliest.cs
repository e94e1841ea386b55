namespace Coder.Mesh.Shared;

/// <summary>Compares deadlines of which null stands for never.</summary>
internal static class Earliest
{
    public static DateTimeOffset? Of(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null || other < one ? other ?? one : one;
}
