using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.Protocol;
using Google.Protobuf.Reflection;

namespace Coder.Mesh.ControlPlane.Tests.Fuzz;

/// <summary>Values of fields: some that a request needs to get past its checks, and some that break things.</summary>
/// <param name="ids">Of what exists: ids and tokens of pages.</param>
internal sealed class FuzzedValues(IReadOnlyList<string> ids)
{
    private static readonly string[] Nasty =
    [
        "",
        "\0",
        "a\0b",
        "\u0001\u001b[2J",
        "ÿ",
        "\ud83d\ude00",
        new string('\ud83d', 1) + "\ude00" + new string('x', 62),
        new string('é', 300),
        new string('x', 1025),
        new string('x', 70_000),
        "\r\n",
        " ",
        "%",
        "../..",
        "{{ .UserEmail }}",
        "{{",
        "'; drop table mesh.mt_events; --",
        "00000000000000000000000000000000",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "-1",
        "1e400",
        "18446744073709551616",
        "9223372036854775807",
        "\u202e",
        "\uffff",
        "{\"nodeAffinity\":{\"a\":\"\\u0000\"}}",
        "{\"nodeAffinity\":\"\\ud800\"}",
        Paging.Token("\0"),
        Paging.Token("a\0b"),
        Paging.Token("9223372036854775807.2147483647"),
        Paging.Token("1.2147483647"),
        Paging.Token("9223372036854775807.9223372036854775807.9223372036854775807"),
        Paging.Token("west/\0"),
        Paging.Token("é/" + new string('0', 32)),
        Convert.ToBase64String([0xff, 0xfe, 0x00, 0xc3]),
        Convert.ToBase64String(new byte[3000]),
        "Li8v",
    ];

    private static readonly long[] Numbers =
    [
        0,
        1,
        -1,
        2,
        1000,
        int.MaxValue,
        int.MinValue,
        long.MaxValue,
        long.MinValue,
        long.MaxValue - 1,
        253402300799,
        253402300800,
        -62135596800,
        -62135596801,
        315576000000,
        315576000001,
        -315576000001,
        999_999_999,
        1_000_000_000,
    ];

    private static readonly Dictionary<string, string[]> Good = new()
    {
        ["name"] = ["dev-1", "dev-2", "dev-3", "west"],
        ["new_name"] = ["west", "east"],
        ["provider"] = ["built-in", "built-in", "west", "east"],
        ["providers"] = ["west", "east", "built-in"],
        ["organization"] = ["fuzzed", "fuzzed", "fuzzed", "", "other"],
        ["workspace_id"] = [.. Enumerable.Range(1, 9).Select(i => $"0190000000000000000000000000000{i}")],
        ["id"] = ["pulled", "started"],
        ["workspace"] = ["dev-1", "dev-2", "dev-3"],
        ["owner"] = ["", "", "admin", "jo"],
        ["owner_email"] = ["", "jo@example.com"],
        ["region"] = ["", "", "", "eu"],
        ["reason"] = ["because"],
        ["etag"] = ["", "", "", "1"],
        ["request_id"] = ["", "", "", "r1"],
        ["page_token"] = [""],
        ["resume_token"] = [""],
        ["confirm_name"] = ["west"],
        ["access_url"] = ["https://mesh.example.com"],
        ["image"] = ["example/image:1"],
        ["cpu"] = ["500m", "2"],
        ["memory"] = ["1Gi"],
        ["disk"] = ["5Gi", "10Gi"],
        ["storage_class"] = ["", "fast"],
        ["affinity"] = ["{\"nodeAffinity\":{}}"],
        ["image_pull_secrets"] = ["pull-1", "pull-2", "pull-3"],
        ["env_from"] = ["secrets"],
        ["operator"] = ["Equal"],
        ["effect"] = ["NoExecute"],
        ["paths"] = ["spec.image", "spec", "owner_email", "details.region", "details.affinity", "details", "spec.env"],
        ["key"] = ["EDITOR", "disk"],
        ["value"] = ["vim", "ssd"],
        ["namespace_uid"] = ["6f1c1b0e-0d4b-4a53-a8c8-2f1c0e9d7a11"],
        ["type"] = [.. ConditionTypes.Required],
        ["traceparent"] = ["", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    };

    /// <param name="evil">How likely it is one that breaks things, from 0 to 1.</param>
    public string Text(Random random, string field, double evil) =>
        random.NextDouble() >= evil && Good.TryGetValue(field, out var good) ? Of(random, good)
        : evil == 0 ? ""
        : random.Next(3) == 0 ? ids[random.Next(ids.Count)]
        : Of(random, Nasty);

    /// <inheritdoc cref="Text"/>
    public static long Number(Random random, FieldDescriptor field, double evil) =>
        random.NextDouble() >= evil ? Sensible(random, field)
        : random.Next(4) == 0 ? random.NextInt64(long.MinValue, long.MaxValue)
        : Of(random, Numbers);

    private static long Sensible(Random random, FieldDescriptor field) =>
        field.Name switch
        {
            "min_protocol_version" or "max_protocol_version" => 1,
            "generation" or "version" => random.Next(1, 5),
            "page_size" => random.Next(0, 20),
            "min_generation" => random.Next(3),
            "max_workspaces" or "nanos" => 0,
            "seconds" => 30,
            _ => random.Next(3),
        };

    private static T Of<T>(Random random, T[] values) => values[random.Next(values.Length)];
}
