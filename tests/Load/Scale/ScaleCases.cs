using Coder.Mesh.V1;

namespace Coder.Mesh.Load.Scale;

/// <summary>One kind of call.</summary>
/// <param name="Call">The i-th call; each asks for something else, as callers do. Gives the rows of its answer.</param>
internal sealed record ScaleCase(string Name, Func<int, CancellationToken, Task<int>> Call);

/// <summary>What is measured.</summary>
internal static class ScaleCases
{
    public static async Task<IReadOnlyList<ScaleCase>> Of(Layout layout, ScaleCalls calls, CancellationToken ct)
    {
        var providerTokens = await calls.ProviderTokens(ct);
        var (workspaceTokens, ids) = await calls.WorkspaceTokens(ct);
        return
        [
            .. Providers(layout, calls, providerTokens),
            .. Workspaces(layout, calls, workspaceTokens, ids),
            .. Organizations(layout, calls),
            .. Placements(layout, calls),
        ];
    }

    private static IEnumerable<ScaleCase> Providers(Layout layout, ScaleCalls calls, IReadOnlyList<string> tokens)
    {
        yield return List("first page", _ => new());
        yield return List("page in the middle", i => new() { PageToken = Middle(tokens, i) });
        yield return List("region", i => new() { Region = Layout.Region(i) });
        yield return List("region that none has", _ => new() { Region = "nowhere" });
        yield return List("status Error", _ => new() { Status = ProviderStatus.Error });
        yield return List("status Pending", _ => new() { Status = ProviderStatus.Pending });
        yield return List("cordoned", _ => new() { Cordoned = true });
        yield return List("not cordoned", _ => new() { Cordoned = false });
        yield return List("organization", i => new() { Organization = layout.Organization(i + 1) });
        yield return List("largest organization", _ => new() { Organization = layout.Organization(0) });
        yield return List(
            "region, status, cordoned",
            i =>
                new()
                {
                    Region = Layout.Region(i),
                    Status = ProviderStatus.Ready,
                    Cordoned = false,
                }
        );
        yield return List(
            "all filters at once",
            i =>
                new()
                {
                    Organization = layout.Organization(i),
                    Region = Layout.Region(i),
                    Status = ProviderStatus.Ready,
                    Cordoned = false,
                }
        );
        yield return new("GetProvider", (i, ct) => calls.Provider(layout.Provider(i * 37), ct));
        yield return new(
            $"ListHistory, {Layout.LongHistory} events: first page",
            (_, ct) => calls.History(new ListHistoryRequest { Provider = layout.Provider(0) }, ct)
        );
        yield return new(
            $"ListHistory, {Layout.LongHistory} events: all in one page",
            (_, ct) => calls.History(new ListHistoryRequest { Provider = layout.Provider(0), PageSize = 1_000 }, ct)
        );

        ScaleCase List(string name, Func<int, ListProvidersRequest> request) =>
            new($"ListProviders, {name}", (i, ct) => calls.Providers(request(i), ct));
    }

    private static IEnumerable<ScaleCase> Workspaces(
        Layout layout,
        ScaleCalls calls,
        IReadOnlyList<string> tokens,
        IReadOnlyList<string> ids
    )
    {
        yield return List("first page", _ => new());
        yield return List("page in the middle", i => new() { PageToken = Middle(tokens, i) });
        yield return List("organization", i => new() { Organization = layout.Organization(i) });
        yield return List(
            "organization, page in the middle",
            i => new() { Organization = layout.Organization(i), PageToken = Middle(tokens, i) }
        );
        yield return List("provider", i => new() { Provider = layout.ReadyProvider(i, i) });
        yield return List("owner", i => new() { Owner = Layout.Owner(i * 7) });
        yield return List("owner who has none", _ => new() { Owner = "nobody" });
        yield return List("state Running", _ => new() { State = WorkspaceState.Running });
        yield return List("state Failed", _ => new() { State = WorkspaceState.Failed });
        yield return List("state that none is in", _ => new() { State = WorkspaceState.Stopping });
        yield return List(
            "organization, state",
            i => new() { Organization = layout.Organization(i), State = WorkspaceState.Failed }
        );
        yield return List(
            "provider, state",
            i => new() { Provider = layout.ReadyProvider(i, i), State = WorkspaceState.Failed }
        );
        yield return List(
            "organization, owner",
            i => new() { Organization = layout.Organization(i), Owner = Layout.Owner(i * 7) }
        );
        yield return List("owner, state", i => new() { Owner = Layout.Owner(i * 7), State = WorkspaceState.Running });
        yield return List(
            "organization, provider, state",
            i =>
                new()
                {
                    Organization = layout.Organization(i),
                    Provider = layout.ReadyProvider(i, i),
                    State = WorkspaceState.Running,
                }
        );
        yield return new("GetWorkspace", (i, ct) => calls.Workspace(ids[i % ids.Count], ct));

        ScaleCase List(string name, Func<int, ListWorkspacesRequest> request) =>
            new($"ListWorkspaces, {name}", (i, ct) => calls.Workspaces(request(i), ct));
    }

    private static IEnumerable<ScaleCase> Organizations(Layout layout, ScaleCalls calls)
    {
        yield return new("GetOrganization", (i, ct) => calls.Organization(layout.Organization(i + 1), ct));
        yield return new("GetOrganization, the largest", (_, ct) => calls.Organization(layout.Organization(0), ct));
        yield return new("ListOrganizations, first page", (_, ct) => calls.Organizations(new(), ct));
        yield return new(
            "ListOrganizations, provider",
            (i, ct) => calls.Organizations(new() { Provider = layout.Provider(i * 37) }, ct)
        );
    }

    private static IEnumerable<ScaleCase> Placements(Layout layout, ScaleCalls calls)
    {
        yield return new(
            "CreateWorkspace",
            (i, ct) => calls.Place(layout.Organization(i), layout.ReadyProvider(i, i), ct)
        );
        yield return new(
            "CreateWorkspace, provider with a maximum",
            (i, ct) => calls.Place(layout.Organization(i), layout.LimitedProvider(i, i), ct)
        );
        yield return new(
            "CreateWorkspace, refused: not ready",
            (i, ct) => calls.Refused(layout.Organization(i + 1), layout.ErrorProvider(i + 1, i), ct)
        );
        yield return new(
            "CreateWorkspace, refused: cordoned",
            (i, ct) => calls.Refused(layout.Organization(i + 1), layout.CordonedProvider(i + 1, i), ct)
        );
        yield return new(
            "CreateWorkspace, refused: the largest organization",
            (i, ct) => calls.Refused(layout.Organization(0), layout.ErrorProvider(0, i), ct)
        );
    }

    // Around the middle, not always the same.
    private static string Middle(IReadOnlyList<string> tokens, int i) =>
        tokens.Count == 0
            ? ""
            : tokens[Math.Min(tokens.Count - 1, (tokens.Count / 4) + (i % Math.Max(1, tokens.Count / 2)))];
}
