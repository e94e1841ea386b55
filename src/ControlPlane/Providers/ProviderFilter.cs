using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Which providers a list holds; what is null or empty lets all through.</summary>
/// <param name="Only">Ids of the only ones.</param>
internal sealed record ProviderFilter(
    IReadOnlyCollection<string>? Only = null,
    string Region = "",
    ProviderStatus? Status = null,
    bool? Cordoned = null
)
{
    /// <summary>Whether a list would hold it.</summary>
    public bool Holds(Provider? provider, ProviderPresence? presence) =>
        provider is { Deleted: false }
        && Only?.Contains(provider.ProviderId) != false
        && (Region.Length == 0 || provider.Details.Region == Region)
        && (Status is null || presence?.Status == Status)
        && (Cordoned is null || Cordoned == provider.Cordon is not null);

    /// <summary>Reads the keys of a page in order of name, by the index of living providers' names.</summary>
    public NpgsqlCommand Query(string after, int size)
    {
        var command = new NpgsqlCommand();
        List<string> conditions = [MartenRegistration.Living.Replace("(data", "(p.data", StringComparison.Ordinal)];
        void Add(string condition, object value)
        {
            conditions.Add(condition.Replace("?", $"${command.Parameters.Count + 1}", StringComparison.Ordinal));
            command.Parameters.AddWithValue(value);
        }

        if (after.Length > 0)
            Add("p.data ->> 'Name' > ?", after);
        if (Only is not null)
            Add("p.id = any(?)", Only.Select(StreamKeys.Provider).ToArray());
        if (Region.Length > 0)
            Add("p.data -> 'Details' ->> 'Region' = ?", Region);
        if (Status is { } status)
            Add("s.data ->> 'Status' = ?", status.ToString());
        if (Cordoned is { } cordoned)
            conditions.Add($"(p.data ->> 'Cordon') is {(cordoned ? "not null" : "null")}");
        var join = Status is null
            ? ""
            : "join mesh.mt_doc_providerpresence s on s.id = 'presence-' || (p.data ->> 'ProviderId')";
        command.CommandText = $"""
            select p.id from mesh.mt_doc_provider p {join}
            where {string.Join(" and ", conditions)} order by p.data ->> 'Name' limit {size}
            """;
        return command;
    }
}
