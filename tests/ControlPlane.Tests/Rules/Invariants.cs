using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Rules;

/// <summary>What must be true of every store at every moment, asked of the store itself.</summary>
internal static class Invariants
{
    private static readonly (string Rule, string Query)[] All =
    [
        (
            "R1: one built-in provider",
            """
            select count(*)::text from mesh.mt_doc_provider
            where data ->> 'Kind' = 'BuiltIn' and not (data ->> 'Deleted')::boolean having count(*) <> 1
            """
        ),
        (
            "R2: names are unique among the living",
            """
            select data ->> 'Name' from mesh.mt_doc_provider where not (data ->> 'Deleted')::boolean
            group by 1 having count(*) > 1
            union all
            select data ->> 'Name' from mesh.mt_doc_organization where not (data ->> 'Deleted')::boolean
            group by 1 having count(*) > 1
            """
        ),
        (
            "R3: the default provider lives",
            """
            select d.data ->> 'DefaultProviderId' from mesh.mt_doc_meshdeployment d where not exists
                (select from mesh.mt_doc_provider p where p.data ->> 'ProviderId' = d.data ->> 'DefaultProviderId'
                    and not (p.data ->> 'Deleted')::boolean)
            """
        ),
        (
            "R4: no unfinished workspace without its provider",
            """
            select w.id from mesh.mt_doc_workspace w where not (w.data ->> 'Finished')::boolean and not exists
                (select from mesh.mt_doc_provider p where p.data ->> 'ProviderId' = w.data ->> 'ProviderId'
                    and not (p.data ->> 'Deleted')::boolean)
            """
        ),
        (
            "R5: no unfinished workspace where its organization isn't allowed, or is deleted",
            """
            select w.id from mesh.mt_doc_workspace w where not (w.data ->> 'Finished')::boolean and not exists
                (select from mesh.mt_doc_organization o where o.data ->> 'OrganizationId' = w.data ->> 'OrganizationId'
                    and not (o.data ->> 'Deleted')::boolean
                    and o.data -> 'AllowedProviders' ? (w.data ->> 'ProviderId'))
            """
        ),
        (
            "R4: no allowlist names a provider that is gone",
            """
            select o.id from mesh.mt_doc_organization o, jsonb_array_elements_text(o.data -> 'AllowedProviders') a(id)
            where not exists (select from mesh.mt_doc_provider p where p.data ->> 'ProviderId' = a.id
                and not (p.data ->> 'Deleted')::boolean)
            """
        ),
    ];

    public static async Task<IReadOnlyList<string>> Broken(string database, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(ct);
        var broken = new List<string>();
        foreach (var (rule, query) in All)
        {
            await using var command = new NpgsqlCommand(query, connection);
            await using var rows = await command.ExecuteReaderAsync(ct);
            while (await rows.ReadAsync(ct))
                broken.Add($"{rule}: {rows.GetString(0)}");
        }

        return broken;
    }
}
