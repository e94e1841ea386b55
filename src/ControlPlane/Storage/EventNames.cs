using System.Reflection;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// The name under which an event is stored. It is a contract with every existing database: the record may be renamed,
/// but not its stored name. A changed meaning gets a new record and a new name.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
internal sealed class EventNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>The stored names of all events, collected from their records once.</summary>
internal static class EventNames
{
    public static IReadOnlyDictionary<Type, string> All { get; } =
        (
            from type in typeof(EventNames).Assembly.GetTypes()
            let stored = type.GetCustomAttribute<EventNameAttribute>()
            where stored is not null
            select (type, stored.Name)
        ).ToDictionary();
}
