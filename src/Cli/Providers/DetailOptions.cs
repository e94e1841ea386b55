using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Option = System.CommandLine.Option;

namespace Coder.Mesh.Cli.Providers;

/// <summary>The options for the details of a provider. Each command has its own instance.</summary>
internal sealed class DetailOptions
{
    private readonly IReadOnlyList<Detail> _details =
    [
        Detail.Text(
            "region",
            "Region",
            Make("--region", "region", "Region, by which new workspaces can choose a provider"),
            details => details.Region,
            (details, value) => details.Region = value
        ),
        Detail.Text(
            "hostname",
            "Hostname",
            Make("--hostname", "host", "Host name of the cluster"),
            details => details.Hostname,
            (details, value) => details.Hostname = value,
            informational: true
        ),
        Detail.Text(
            "cluster_address",
            "Cluster address",
            Make("--cluster-address", "url", "Address of the cluster's API server"),
            details => details.ClusterAddress,
            (details, value) => details.ClusterAddress = value,
            informational: true
        ),
        Detail.Text(
            "storage_class",
            "Storage class",
            Make("--storage-class", "class", "Storage class of new workspaces' disks [default: the cluster's default]"),
            details => details.StorageClass,
            (details, value) => details.StorageClass = value
        ),
        Detail.Of(
            "max_workspaces",
            Maximum(),
            (details, value) => details.MaxWorkspaces = int.Parse(value, CultureInfo.InvariantCulture)
        ),
        Detail.Of(
            "tolerations",
            NodeOptions.Tolerations(),
            (details, line, option) => details.Tolerations.AddRange(Given(line, option).Select(NodeOptions.Toleration))
        ),
        Detail.Of(
            "node_selector",
            NodeOptions.NodeSelector(),
            (details, line, option) =>
                details.NodeSelector.Add(new Dictionary<string, string>(KeyValues.Read(line, option)))
        ),
        Detail.Of(
            "affinity",
            NodeOptions.Affinity(),
            (details, value) =>
            {
                if (NodeOptions.AffinityOf(value) is { } affinity)
                    details.Affinity = affinity;
            }
        ),
        Detail.Of(
            "service_account_annotations",
            Annotations(),
            (details, line, option) =>
                details.ServiceAccountAnnotations.Add(new Dictionary<string, string>(KeyValues.Read(line, option)))
        ),
        Detail.Of(
            "image_pull_secrets",
            new Option<string[]>("--image-pull-secret")
            {
                Description = "Secret in its namespace for pulling images from a private registry; repeatable",
                HelpName = "secret",
            },
            (details, line, option) => details.ImagePullSecrets.AddRange(Given(line, option))
        ),
    ];

    public IEnumerable<Option> All => _details.Select(d => d.Option);

    /// <summary>Reads the details; those that were not given are empty.</summary>
    public ProviderDetails Read(ParseResult line)
    {
        var details = new ProviderDetails();
        foreach (var detail in _details)
            detail.Set(details, line);
        return details;
    }

    /// <summary>Lists the fields that were given, including those with an empty value.</summary>
    public FieldMask Given(ParseResult line) =>
        new() { Paths = { _details.Where(d => line.IsGiven(d.Option)).Select(d => $"details.{d.Field}") } };

    /// <summary>Lists the details that are a single text, with their labels; empty if they are not set.</summary>
    public IEnumerable<(string Label, string Value)> Texts(ProviderDetails details) =>
        _details.SelectMany<Detail, (string, string)>(d => d.Shown is var (label, get) ? [(label, get(details))] : []);

    /// <summary>Describes when the given details take effect, except for informational ones.</summary>
    public IEnumerable<string> Effects(ParseResult line)
    {
        // A workspace copies those that its Kubernetes objects are created with.
        var given = _details
            .Where(d => line.GetResult(d.Option) is not null && !d.Informational)
            .ToLookup(d => WorkspaceDetails.Descriptor.FindFieldByName(d.Field) is not null, d => d.Option.Name);
        if (given[false].Any())
            yield return $"applies to new workspaces: {string.Join(", ", given[false])}";
        if (given[true].Any())
            yield return $"applies to its workspaces at their next start or restart: {string.Join(", ", given[true])}";
    }

    private static Option<string> Make(string name, string kind, string description) =>
        new(name) { Description = description, HelpName = kind };

    private static Option<string> Maximum()
    {
        var option = Make("--max-workspaces", "number", "Maximum number of unfinished workspaces [default: unlimited]");
        option.Validators.Add(result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (text.Length > 0 && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                result.AddError($"{option.Name}: '{text}' is not a whole number, such as 200; 0 means unlimited.");
        });
        return option;
    }

    private static Option<string[]> Annotations() =>
        KeyValues.Option(
            "--service-account-annotation",
            [],
            "KEY=value",
            "Annotation of its workspaces' service accounts; repeatable; {{ .UserEmail }} is replaced by the owner's e-mail address",
            clearable: true
        );

    private static IEnumerable<string> Given(ParseResult line, Option<string[]> option) =>
        (line.GetValue(option) ?? []).Where(g => g.Length > 0);

    private sealed record Detail(string Field, Option Option, Action<ProviderDetails, ParseResult> Set)
    {
        /// <summary>Label and value in `mesh providers show`; null if code of its own formats it.</summary>
        public (string Label, Func<ProviderDetails, string> Get)? Shown { get; private init; }

        /// <summary>Whether it has no effect on workspaces.</summary>
        public bool Informational { get; private init; }

        /// <summary>Creates a detail that is a single text.</summary>
        public static Detail Text(
            string field,
            string label,
            Option<string> option,
            Func<ProviderDetails, string> get,
            Action<ProviderDetails, string> set,
            bool informational = false
        )
        {
            if (informational)
                option.Description += " (informational)";
            return Of(field, option, set) with { Shown = (label, get), Informational = informational };
        }

        /// <param name="set">Called unless the value is empty.</param>
        public static Detail Of(string field, Option<string> option, Action<ProviderDetails, string> set) =>
            new(
                field,
                option,
                (details, line) =>
                {
                    if (line.GetValue(option) is { Length: > 0 } value)
                        set(details, value);
                }
            );

        public static Detail Of(
            string field,
            Option<string[]> option,
            Action<ProviderDetails, ParseResult, Option<string[]>> set
        ) => new(field, option, (details, line) => set(details, line, option));
    }
}
