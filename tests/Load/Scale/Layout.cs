using System.Globalization;

namespace Coder.Mesh.Load.Scale;

/// <summary>
/// What lies where in the filled store. Providers are in groups of about a hundred: provider <c>n</c> is number
/// <c>n / Groups</c> of group <c>n % Groups</c>. An organization may use one whole group; the largest one a tenth of
/// all providers too. What a provider is follows from its number in its group.
/// </summary>
internal sealed record Layout(int Providers, int Workspaces)
{
    public const int Regions = 20;
    public const int Owners = 5_000;

    /// <summary>Of the providers that have a maximum.</summary>
    public const int Maximum = 1_000;

    /// <summary>Presence events of the provider with a long history.</summary>
    public const int LongHistory = 1_000;

    /// <summary>Every sixth workspace has ended: a fifth of the others.</summary>
    public int AllWorkspaces => Workspaces * 6 / 5;

    public int Groups => Math.Max(1, Providers / 100);

    public int Organizations => Math.Clamp(Workspaces / 500, 2, 200);

    public string Provider(int n) => Invariant($"provider-{n % Providers:D5}");

    public string Organization(int n) => Invariant($"organization-{n % Organizations:D3}");

    public static string Owner(int n) => Invariant($"user-{n % Owners:D4}");

    public static string Region(int n) => Invariant($"region-{n % Regions:D2}");

    /// <summary>One without a maximum that takes workspaces of the organization.</summary>
    public string ReadyProvider(int organization, int i) =>
        InGroup(organization, (10 * (i / 4 % 8)) + ((ReadOnlySpan<int>)[0, 1, 2, 4])[i % 4]);

    /// <summary>One with a maximum that takes workspaces of the organization.</summary>
    public string LimitedProvider(int organization, int i) => InGroup(organization, (10 * (i % 8)) + 3);

    public string CordonedProvider(int organization, int i) => InGroup(organization, (20 * (i % 4)) + 5);

    public string ErrorProvider(int organization, int i) => InGroup(organization, (10 * (i % 8)) + 8);

    private string InGroup(int organization, int number) =>
        Provider((organization % Organizations % Groups) + (Groups * number));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
