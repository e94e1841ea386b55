using System.CommandLine;
using System.Globalization;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Option = System.CommandLine.Option;

namespace Coder.Mesh.Cli.Providers;

/// <summary>The options for what an admin says of a provider. Each command has its own instance.</summary>
internal sealed class DetailOptions
{
    private readonly Detail[] _details =
    [
        new(
            "region",
            Make("--region", "region", "Where it is, for people who choose a provider"),
            (details, value) => details.Region = value
        ),
        new(
            "hostname",
            Make("--hostname", "host", "Name of the cluster's host (informational)"),
            (details, value) => details.Hostname = value
        ),
        new(
            "cluster_address",
            Make("--cluster-address", "url", "Address of the cluster's API server (informational)"),
            (details, value) => details.ClusterAddress = value
        ),
        new(
            "storage_class",
            Make("--storage-class", "class", "Storage class of new workspaces' disks [default: the cluster's default]"),
            (details, value) => details.StorageClass = value
        ),
        new(
            "max_workspaces",
            Maximum(),
            (details, value) => details.MaxWorkspaces = int.Parse(value, CultureInfo.InvariantCulture)
        ),
    ];

    public IEnumerable<Option> All => _details.Select(d => d.Option);

    /// <summary>The details as they were given; what wasn't is empty.</summary>
    public ProviderDetails Read(ParseResult line)
    {
        var details = new ProviderDetails();
        foreach (var detail in _details)
            if (line.GetValue(detail.Option) is { Length: > 0 } value)
                detail.Set(details, value);
        return details;
    }

    /// <summary>Which of them were given, an empty value included.</summary>
    public FieldMask Given(ParseResult line) =>
        new()
        {
            Paths = { _details.Where(d => line.GetResult(d.Option) is not null).Select(d => $"details.{d.Field}") },
        };

    private static Option<string> Make(string name, string kind, string description) =>
        new(name) { Description = description, HelpName = kind };

    private static Option<string> Maximum()
    {
        var option = Make(
            "--max-workspaces",
            "number",
            "How many workspaces that have not ended it may hold [default: any number]"
        );
        option.Validators.Add(result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (text.Length > 0 && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                result.AddError($"'{text}' is not a number of workspaces, such as 200; 0 stands for any number.");
        });
        return option;
    }

    private sealed record Detail(string Field, Option<string> Option, Action<ProviderDetails, string> Set);
}
