using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Filter of a list of providers. Null or empty values match all.</summary>
/// <param name="Only">The only ids that match.</param>
/// <param name="Deleted">Whether deleted providers match too.</param>
internal sealed record ProviderFilter(
    IReadOnlyCollection<string>? Only,
    string Region,
    IReadOnlyCollection<ProviderStatus> Statuses,
    bool? Cordoned,
    bool Deleted
)
{
    /// <summary>Whether a provider matches.</summary>
    public bool Holds(Provider? provider, ProviderPresence? presence) =>
        provider is not null
        && (Deleted || !provider.Deleted)
        && Only?.Contains(provider.ProviderId) != false
        && (Region.Length == 0 || provider.Details.Region == Region)
        && (Statuses.Count == 0 || (presence is not null && Statuses.Contains(presence.Status)))
        && (Cordoned is null || Cordoned == provider.Cordon is not null);

    /// <summary>
    /// Creates the query for the keys of a page, in order of name and, for deleted providers, of id. The order is that
    /// of an index.
    /// </summary>
    public NpgsqlCommand Query(ProviderPosition? after, int size)
    {
        var command = new NpgsqlCommand();
        List<string> conditions = Deleted
            ? ["true"]
            : [Indexes.NotDeleted.Replace("(data", "(p.data", StringComparison.Ordinal)];
        void Add(Func<string, string> condition, object value)
        {
            command.Parameters.AddWithValue(value);
            conditions.Add(condition($"${command.Parameters.Count}"));
        }

        if (after is { Id.Length: > 0 } && Deleted)
            Add(
                place => $"(p.data ->> 'Name', p.data ->> 'ProviderId') > (({place}::text[])[1], ({place}::text[])[2])",
                new[] { after.Name, after.Id }
            );
        else if (after is not null)
            Add(place => $"p.data ->> 'Name' > {place}", after.Name);
        if (Only is not null)
            Add(place => $"p.id = any({place})", Only.Select(StreamKeys.Provider).ToArray());
        if (Region.Length > 0)
            Add(place => $"p.data -> 'Details' ->> 'Region' = {place}", Region);
        if (Statuses.Count > 0)
            Add(place => $"s.data ->> 'Status' = any({place})", Statuses.Select(s => s.ToString()).ToArray());
        if (Cordoned is { } cordoned)
            conditions.Add($"(p.data ->> 'Cordon') is {(cordoned ? "not null" : "null")}");
        var join =
            Statuses.Count == 0
                ? ""
                : $"join {Tables.Presences} s on s.id = '{StreamKeys.PresencePrefix}' || (p.data ->> 'ProviderId')";
        var order = Deleted ? "p.data ->> 'Name', p.data ->> 'ProviderId'" : "p.data ->> 'Name'";
        command.CommandText = $"""
            select p.id from {Tables.Providers} p {join}
            where {string.Join(" and ", conditions)} order by {order} limit {size}
            """;
        return command;
    }
}

/// <summary>Position of the end of a page of providers. Only deleted providers can share a name.</summary>
internal sealed record ProviderPosition(string Name, string Id)
{
    // Names contain no slash. Tokens of 0.1 consist of the name only.
    public string ToText() => $"{Name}/{Id}";

    /// <returns>Null for the first page.</returns>
    public static ProviderPosition? Parse(string text) =>
        text.Length == 0 ? null
        : text.Split('/', 2) is [var name, var id] ? new ProviderPosition(name, id)
        : new ProviderPosition(text, "");
}
