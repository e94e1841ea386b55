using System.CommandLine;
using System.CommandLine.Completions;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Completion;

/// <summary>Adds completions for names of resources, read from the control plane within a time limit.</summary>
internal sealed class Names(CliHost host)
{
    private const string LimitVariable = "MESH_COMPLETION_TIMEOUT";

    // Short, since a user is waiting at a prompt.
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(1);

    // The maximum page size of the API.
    private const int MaxNames = 1000;

    private delegate Task<IEnumerable<string>> Ask(MeshClient client, CancellationToken ct);

    public void AddTo(Command command, string noun = "")
    {
        foreach (var option in command.Options)
            if (Source(option.Name) is { } source)
                option.CompletionSources.Add(source);
        foreach (var argument in command.Arguments)
            if (command.Name != "create" && Source(Kind(argument, noun)) is { } source)
                argument.CompletionSources.Add(context => IsNext(command, argument, context) ? source(context) : []);
        foreach (var child in command.Subcommands)
            AddTo(child, child.Subcommands.Count > 0 ? child.Name : noun);
    }

    private static string Kind(Argument argument, string noun) =>
        argument.Name == "name" || (argument.Name == "token-id" && noun == "tokens") ? noun : argument.Name;

    private Func<CompletionContext, IEnumerable<CompletionItem>>? Source(string of) =>
        of switch
        {
            "providers" or "provider" or "--provider" => context => FromServer(context, Providers),
            "orgs" or "organization" or "--org" => context => FromServer(context, Organizations),
            "workspaces" => context => FromServer(context, Workspaces),
            "tokens" => context => FromServer(context, ApiTokens),
            "contexts" or "--context" => _ => Contexts(),
            HelpCommand.Words => Commands,
            _ => null,
        };

    /// <summary>Tells whether the current word belongs to this argument, given the values before it.</summary>
    private static bool IsNext(Command command, Argument argument, CompletionContext context)
    {
        var given = command.Arguments.Sum(a => context.ParseResult.GetResult(a)?.Tokens.Count ?? 0);
        var before = given - (context.WordToComplete.Length > 0 ? 1 : 0);
        foreach (var next in command.Arguments)
        {
            if (before < next.Arity.MaximumNumberOfValues)
                return next == argument;
            before -= next.Arity.MaximumNumberOfValues;
        }
        return false;
    }

    private IEnumerable<CompletionItem> FromServer(CompletionContext context, Ask ask)
    {
        try
        {
            var access = Access.Find(context.ParseResult, host.Contexts, host.Env);
            var timeout = DurationOption.TryParse(host.Env(LimitVariable) ?? "") ?? DefaultLimit;
            using var client = Calling.With(
                access.Target with
                {
                    RequestTimeout = timeout,
                },
                access.Token.Secret,
                host.Time
            );
            using var limit = new CancellationTokenSource(timeout, host.Time);
            // Completions are synchronous in the library, and nothing else runs in this process.
            return Items(ask(client, limit.Token).GetAwaiter().GetResult());
        }
        catch (Exception)
        {
            // Completion never reports errors; the command will.
            return [];
        }
    }

    private IEnumerable<CompletionItem> Contexts()
    {
        try
        {
            return Items(host.Contexts.Read().Contexts.Keys);
        }
        catch (Errors.CliException)
        {
            // As above.
            return [];
        }
    }

    /// <summary>Lists the subcommands of the command given by the previous words.</summary>
    private static IEnumerable<CompletionItem> Commands(CompletionContext context)
    {
        var words = context.ParseResult.CommandResult.Tokens.Select(t => t.Value).ToList();
        var before = context.WordToComplete.Length > 0 ? words.SkipLast(1) : words;
        var command = before.Aggregate(
            (Command?)context.ParseResult.RootCommandResult.Command,
            (at, word) => at is null ? null : DidYouMean.Find(at, word)
        );
        return command?.Subcommands.Select(c => new CompletionItem(c.Name, detail: c.Description)) ?? [];
    }

    // Names that need quoting are left out: bash inserts completions without quoting them.
    private static IEnumerable<CompletionItem> Items(IEnumerable<string> names) =>
        [.. names.Where(n => Shell.Quote(n) == n).Select(n => new CompletionItem(n))];

    private static async Task<IEnumerable<string>> Providers(MeshClient client, CancellationToken ct)
    {
        var request = new ListProvidersRequest { PageSize = MaxNames };
        return (await client.Providers.ListProvidersAsync(request, cancellationToken: ct)).Providers.Select(p =>
            p.Name
        );
    }

    private static async Task<IEnumerable<string>> Organizations(MeshClient client, CancellationToken ct)
    {
        var request = new ListOrganizationsRequest { PageSize = MaxNames };
        var answer = await client.Organizations.ListOrganizationsAsync(request, cancellationToken: ct);
        return answer.Organizations.Select(o => o.Name);
    }

    private static async Task<IEnumerable<string>> Workspaces(MeshClient client, CancellationToken ct)
    {
        var request = new ListWorkspacesRequest { PageSize = MaxNames };
        return (await client.Workspaces.ListWorkspacesAsync(request, cancellationToken: ct)).Workspaces.Select(w =>
            w.Name
        );
    }

    private static async Task<IEnumerable<string>> ApiTokens(MeshClient client, CancellationToken ct)
    {
        var request = new ListTokensRequest { PageSize = MaxNames };
        return (await client.Tokens.ListTokensAsync(request, cancellationToken: ct)).Tokens.Select(t => t.Id);
    }
}
