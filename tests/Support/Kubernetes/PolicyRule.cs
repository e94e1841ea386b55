using System.Text.Json.Nodes;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>One rule of a Role.</summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Name">The only object that it holds for; null for all.</param>
public sealed record PolicyRule(string Group, string Resource, IReadOnlyList<string> Verbs, string? Name = null)
{
    internal JsonObject ToJson()
    {
        var rule = new JsonObject
        {
            ["apiGroups"] = new JsonArray(Group),
            ["resources"] = new JsonArray(Resource),
            ["verbs"] = new JsonArray([.. Verbs.Select(verb => JsonValue.Create(verb))]),
        };
        if (Name is not null)
            rule["resourceNames"] = new JsonArray(Name);
        return rule;
    }
}
