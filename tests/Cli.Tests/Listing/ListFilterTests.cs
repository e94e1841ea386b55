using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Listing;

/// <summary>
/// Every option of every list command, absent and with each of its values, as the control plane is asked.
/// </summary>
public sealed class ListFilterTests : CliTest
{
    // What these do, they do to the answer.
    private static readonly string[] NoFilters =
    [
        "--watch",
        "--limit",
        "--no-headers",
        "--sort-by",
        // It takes a default away, of which there is none here.
        "--all-orgs",
    ];

    private const string AnyName = "built-in";

    // These list what belongs to something, which exists.
    private static readonly Dictionary<string, string> Of = new()
    {
        ["providers history"] = AnyName,
        ["providers orphans ls"] = AnyName,
        ["workspaces timeline"] = "dev",
    };

    public static TheoryData<string, bool> Lists
    {
        get
        {
            var lists = new TheoryData<string, bool>();
            foreach (var (path, command) in Commands("", Tree.Make()))
            {
                lists.Add(path, false);
                if (command.Options.Any(o => o.Name == "--watch"))
                    lists.Add(path, true);
            }
            return lists;
        }
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task Option_that_is_absent_asks_nothing_and_each_value_asks_for_itself(string path, bool watch)
    {
        Server.Providers.All.Add(Sample.BuiltIn());
        var workspace = Sample.Workspace("dev", WorkspaceState.Running);
        (workspace.Organization, workspace.Owner) = (AnyName, AnyName);
        Server.Workspaces.All.Add(workspace);
        Server.Workspaces.Timeline = [];
        // One that is asked for again at once would never end.
        Server.WatchFailure = FakeControlPlane.Rich(StatusCode.PermissionDenied, "seen enough", "");
        var command = Commands("", Tree.Make()).Single(c => c.Path == path).Command;

        var plain = await Asked(path, watch);

        Assert.All(plain, request => Assert.Empty(Filters(request)));
        foreach (var option in command.Options.Where(o => !NoFilters.Contains(o.Name)))
        {
            var fields = new List<FieldDescriptor>();
            foreach (var (words, value) in Values(option))
            {
                // A change of an allowlist is none of a provider.
                if (watch && option.Name == "--org" && path == "providers ls")
                    continue;
                foreach (var request in await Asked(path, watch, words))
                {
                    var filters = Filters(request);
                    // Where no and nothing said mean the same, the request has no word for it.
                    if (value == "False" && !fields[0].HasPresence)
                        Assert.Empty(filters);
                    else
                        Assert.Equal($"{words}: {value}", $"{words}: {Assert.Single(filters).Value}");
                    fields.AddRange(filters.Select(f => f.Field));
                }
            }
            // One value and several have a field each.
            Assert.All(fields.GroupBy(f => f.IsRepeated), g => Assert.Single(g.Select(f => f.Name).Distinct()));
        }
    }

    private static IEnumerable<(string Path, Command Command)> Commands(string path, Command command) =>
        command.Subcommands.Count > 0 ? command.Subcommands.SelectMany(c => Commands($"{path} {c.Name}".Trim(), c))
        : command.Name == "ls" && path != "contexts ls" || Of.ContainsKey(path) ? [(path, command)]
        : [];

    /// <summary>The words of an option for each value that it may have, and the value.</summary>
    private static IEnumerable<(string Words, string Value)> Values(Option option)
    {
        if (option.ValueType == typeof(bool))
            return [(option.Name, "True"), ($"{option.Name}=true", "True"), ($"{option.Name}=false", "False")];
        if (option.ValueType == typeof(string[]))
        {
            var known = Known(option);
            return known
                .Select(word => ($"{option.Name}={word}", word))
                .Append(($"{option.Name}={known[0]},{known[1]}", $"[ {known[0]}, {known[1]} ]"))
                .Append(($"{option.Name}={known[0]} {option.Name}={known[1]}", $"[ {known[0]}, {known[1]} ]"));
        }
        var words = option.CompletionSources.Count == 0 || Named(option) ? [] : Known(option);
        return words.Count > 0 ? words.Select(w => ($"{option.Name}={w}", w)) : [($"{option.Name}={AnyName}", AnyName)];
    }

    // Its values are names, which the control plane knows.
    private static bool Named(Option option) => option.Name is "--org" or "--provider";

    private static List<string> Known(Option option) =>
        [
            .. option
                .GetCompletions(System.CommandLine.Completions.CompletionContext.Empty)
                .Select(c => c.Label.ToLowerInvariant()),
        ];

    private async Task<IReadOnlyList<IMessage>> Asked(string path, bool watch, params string[] options)
    {
        Server.Requests.Clear();
        string[] name = Of.TryGetValue(path, out var of) ? [of] : [];
        string[] watching = watch ? ["--watch"] : [];
        var run = await Mesh.Run([.. path.Split(' '), .. name, .. watching, .. options.SelectMany(o => o.Split(' '))]);
        Assert.Equal(
            (watch ? 3 : 0, $"{path} {string.Join(' ', options)}"),
            (run.ExitCode, $"{path} {string.Join(' ', options)}")
        );
        // A watch of workspaces follows all providers too, for their status: that is no filter's.
        List<IMessage> asked = [.. Server.Requests.Where(r => path != "workspaces ls" || IsOfWorkspaces(r))];
        // The list before a watch, and the watch.
        Assert.Equal(watch ? 2 : 1, asked.Count);
        return asked;
    }

    private static bool IsOfWorkspaces(IMessage request) => request is ListWorkspacesRequest or WatchWorkspacesRequest;

    /// <summary>What is set of a request, but for what it is of and how much of it is asked for.</summary>
    private static List<(FieldDescriptor Field, string Value)> Filters(IMessage request) =>
        [
            .. request
                .Descriptor.Fields.InFieldNumberOrder()
                .Where(f => f.Name is not ("page_size" or "page_token" or "resume_token"))
                .Where(f => !(f.Name is "provider" or "workspace" && Required(request, f.Name)))
                .Where(f =>
                    f.IsRepeated ? ((System.Collections.IList)f.Accessor.GetValue(request)).Count > 0
                    : f.HasPresence ? f.Accessor.HasValue(request)
                    : f.Accessor.GetValue(request) is not (null or "" or 0 or 0UL or false)
                        && Convert.ToInt32(f.Accessor.GetValue(request) as Enum ?? (object)1, null) != 0
                )
                .Select(f => (f, Text(f.Accessor.GetValue(request)))),
        ];

    private static bool Required(IMessage request, string field) =>
        (request, field)
            is
                (ListHistoryRequest or ListOrphansRequest, "provider")
                or
                (ListTimelineRequest, "workspace");

    private static string Text(object value) =>
        value is System.Collections.IList list ? $"[ {string.Join(", ", list.Cast<object>().Select(Text))} ]"
        : value is Enum word ? word.ToString().ToLowerInvariant()
        : value.ToString()!;
}
