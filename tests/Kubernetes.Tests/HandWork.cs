using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What somebody makes or changes in the namespace by hand.</summary>
internal static class HandWork
{
    public static JsonObject Finalizers(params string[] names) =>
        new()
        {
            ["metadata"] = new JsonObject
            {
                ["finalizers"] = new JsonArray([.. names.Select(n => JsonValue.Create(n))]),
            },
        };

    /// <summary>A quota that has no room for any object of a kind.</summary>
    public static JsonNode Quota(string kind)
    {
        var counted = kind switch
        {
            "deployments" => "count/deployments.apps",
            "networkpolicies" => "count/networkpolicies.networking.k8s.io",
            "serviceaccounts" => "count/serviceaccounts",
            _ => kind,
        };
        return JsonNode.Parse(
            $$"""
            {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"none"},"spec":{"hard":{"{{counted}}":"0"} } }
            """
        )!;
    }

    /// <summary>A field that the agent sets, with another value.</summary>
    public static JsonNode Held(string kind, string id)
    {
        var (version, name, field) = kind switch
        {
            "deployments" => (
                "apps/v1",
                "Deployment",
                """
                "spec":{"template":{"spec":{"containers":[{"name":"workspace","image":"registry.example/theirs:1"}]}}}
                """
            ),
            "persistentvolumeclaims" => ("v1", "PersistentVolumeClaim", ""),
            "serviceaccounts" => ("v1", "ServiceAccount", """ "automountServiceAccountToken":true """),
            "networkpolicies" => (
                "networking.k8s.io/v1",
                "NetworkPolicy",
                """ "spec":{"policyTypes":["Ingress","Egress"]} """
            ),
            _ => ("v1", "Service", """ "spec":{"selector":{"mesh.coder.com/workspace-id":"another"}} """),
        };
        var labels = kind == "persistentvolumeclaims" ? ""","labels":{"com.coder.resource":"theirs"}""" : "";
        var fields = field.Length == 0 ? "" : $",{field}";
        return JsonNode.Parse(
            $$$"""
            {"apiVersion":"{{{version}}}","kind":"{{{name}}}","metadata":{"name":"ws-{{{id}}}"{{{labels}}} }{{{fields}}} }
            """
        )!;
    }

    /// <summary>Whether an object has the value that <see cref="Held"/> gives it.</summary>
    public static bool IsTheirs(string kind, JsonNode item) =>
        kind switch
        {
            "deployments" => item["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!.GetValue<string>()
                == "registry.example/theirs:1",
            "persistentvolumeclaims" => item["metadata"]!["labels"]!["com.coder.resource"]!.GetValue<string>()
                == "theirs",
            "serviceaccounts" => item["automountServiceAccountToken"]!.GetValue<bool>(),
            "networkpolicies" => item["spec"]!["policyTypes"]!.AsArray().Count == 2,
            _ => item["spec"]!["selector"]!["mesh.coder.com/workspace-id"]!.GetValue<string>() == "another",
        };

    /// <summary>An object of the workspace's, in the one way that its API lets nobody change.</summary>
    public static JsonNode Unchangeable(string kind, string id, DriverIdentity identity)
    {
        var labels = $$"""
            {"app.kubernetes.io/managed-by":"coder-mesh","com.coder.resource":"true","mesh.coder.com/workspace-id":"{{id}}",
             "mesh.coder.com/provider-id":"{{identity.ProviderId}}","mesh.coder.com/deployment-id":"d-1"}
            """;
        return JsonNode.Parse(
            kind == "deployments"
                ? $$$"""
                {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"ws-{{{id}}}","labels":{{{labels}}} },
                 "spec":{"replicas":1,"selector":{"matchLabels":{"another":"selector"} },
                  "template":{"metadata":{"labels":{"another":"selector"} },
                   "spec":{"containers":[{"name":"workspace","image":"registry.example/theirs:1"}]} } } }
                """
                : $$$"""
                {"apiVersion":"v1","kind":"Service","metadata":{"name":"ws-{{{id}}}","labels":{{{labels}}} },
                 "spec":{"ports":[{"port":80,"protocol":"TCP"}]} }
                """
        )!;
    }
}
