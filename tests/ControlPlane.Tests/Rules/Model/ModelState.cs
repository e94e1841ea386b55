using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Tests.Rules.Model;

internal sealed record ModelProvider(bool BuiltIn, bool Ready, bool Cordoned, int Max);

internal sealed record ModelWorkspace(string Provider, bool Deleting);

/// <summary>All that the rules speak of, by name, in memory.</summary>
internal sealed record ModelState(
    ImmutableSortedDictionary<string, ModelProvider> Providers,
    string Default,
    ImmutableSortedDictionary<string, ImmutableSortedSet<string>> Organizations,
    ImmutableSortedDictionary<string, ModelWorkspace> Workspaces
)
{
    public static readonly ModelState First = new(
        ImmutableSortedDictionary<string, ModelProvider>.Empty.Add("built-in", new(true, true, false, 0)),
        "built-in",
        ImmutableSortedDictionary<string, ImmutableSortedSet<string>>.Empty.Add("default", ["built-in"]),
        ImmutableSortedDictionary<string, ModelWorkspace>.Empty
    );

    public int Held(string provider) => Workspaces.Values.Count(w => w.Provider == provider);

    public static string Key(string organization, string workspace) => $"{organization}/{workspace}";

    public ModelState Without(string provider) =>
        this with
        {
            Providers = Providers.Remove(provider),
            Organizations = Map(Organizations, allowed => allowed.Remove(provider)),
            Workspaces = Workspaces.RemoveRange(Workspaces.Where(w => w.Value.Provider == provider).Select(w => w.Key)),
        };

    public ModelState Renamed(string from, string to) =>
        new(
            Providers.Remove(from).Add(to, Providers[from]),
            Default == from ? to : Default,
            Map(
                Organizations,
                allowed => allowed.Remove(from) is var left && left.Count < allowed.Count ? left.Add(to) : allowed
            ),
            Map(Workspaces, w => w.Provider == from ? w with { Provider = to } : w)
        );

    /// <summary>Everything, as text: what the store must say too.</summary>
    public string Describe() =>
        string.Join(
            '\n',
            Providers
                .Select(p =>
                    $"provider {p.Key} {(p.Value.Ready ? "Ready" : "Pending")} cordoned={p.Value.Cordoned} max={p.Value.Max}"
                )
                .Append($"default {Default}")
                .Concat(
                    Organizations.Select(o =>
                        $"organization {o.Key} {string.Join(',', o.Value.Order(StringComparer.Ordinal))}"
                    )
                )
                .Concat(Workspaces.Select(w => $"workspace {w.Key} in {w.Value.Provider} deleting={w.Value.Deleting}"))
                .Order(StringComparer.Ordinal)
        );

    private static ImmutableSortedDictionary<string, T> Map<T>(
        ImmutableSortedDictionary<string, T> all,
        Func<T, T> change
    ) => all.Select(pair => KeyValuePair.Create(pair.Key, change(pair.Value))).ToImmutableSortedDictionary();
}
