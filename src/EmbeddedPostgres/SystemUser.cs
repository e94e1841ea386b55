using System.Globalization;

namespace Coder.Mesh.EmbeddedPostgres;

internal sealed record SystemUser(string Name, uint Uid, uint Gid)
{
    public static SystemUser? Named(string name) => Find(fields => fields[0] == name);

    public static SystemUser? WithId(uint uid) =>
        Find(fields => fields[2] == uid.ToString(CultureInfo.InvariantCulture));

    /// <summary>Describes a user in error messages.</summary>
    public static string Describe(uint uid) => WithId(uid) is { } user ? $"{user.Name} (uid {uid})" : $"uid {uid}";

    private static SystemUser? Find(Func<string[], bool> matches)
    {
        if (!File.Exists("/etc/passwd"))
            return null;
        var fields = File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':'))
            .FirstOrDefault(fields => fields.Length >= 4 && matches(fields));
        return fields is null
            ? null
            : new SystemUser(
                fields[0],
                uint.Parse(fields[2], CultureInfo.InvariantCulture),
                uint.Parse(fields[3], CultureInfo.InvariantCulture)
            );
    }
}
