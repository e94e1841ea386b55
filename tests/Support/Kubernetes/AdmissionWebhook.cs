using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>
/// A webhook that the API server asks about a namespace's objects: it denies what a test says, or, if it is a mutating
/// one, changes it.
/// </summary>
public sealed class AdmissionWebhook : IAsyncDisposable
{
    private readonly KubernetesControlPlane _controlPlane;
    private readonly TestNamespace _ns;
    private readonly X509Certificate2 _certificate;
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<AdmissionRequest> _asked = new();

    private readonly bool _mutating;

    private AdmissionWebhook(KubernetesControlPlane controlPlane, TestNamespace ns, bool mutating)
    {
        (_controlPlane, _ns, _mutating) = (controlPlane, ns, mutating);
        _certificate = controlPlane.LoadServerCertificate();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate))
        );
        _app = builder.Build();
        _app.Run(Answer);
        _app.Start();
    }

    /// <summary>As it stands in what callers are told.</summary>
    public const string Name = "policy.test.mesh.coder.com";

    /// <summary>Why a request is denied; null lets it through.</summary>
    public Func<AdmissionRequest, string?> Denies { get; set; } = _ => null;

    /// <summary>What a mutating one changes of an object: a JSON patch; null for nothing.</summary>
    public Func<AdmissionRequest, JsonNode, string?> Patches { get; set; } = (_, _) => null;

    private string Configurations =>
        $"apis/admissionregistration.k8s.io/v1/{(_mutating ? "mutating" : "validating")}webhookconfigurations";

    /// <summary>Returns once the API server asks it.</summary>
    public static async Task<AdmissionWebhook> Before(
        KubernetesControlPlane controlPlane,
        TestNamespace ns,
        CancellationToken ct,
        bool mutating = false
    )
    {
        var webhook = new AdmissionWebhook(controlPlane, ns, mutating);
        await webhook.Register(ct);
        return webhook;
    }

    public async ValueTask DisposeAsync()
    {
        await _controlPlane.Admin.Delete($"{Configurations}/{_ns.Name}", CancellationToken.None);
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private async Task Register(CancellationToken ct)
    {
        var label = new JsonObject { ["test.mesh.coder.com/webhook"] = _ns.Name };
        await _controlPlane.Admin.Patch(
            $"api/v1/namespaces/{_ns.Name}",
            new JsonObject { ["metadata"] = new JsonObject { ["labels"] = label.DeepClone() } },
            ct
        );
        await _controlPlane.Admin.Create(Configurations, Configuration(label), ct);
        while (_asked.IsEmpty)
        {
            var probe = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["metadata"] = new JsonObject { ["name"] = "probe" },
            };
            await _controlPlane.Admin.Create($"{_ns.Path("configmaps")}?dryRun=All", probe, ct);
            await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
        }
    }

    private JsonObject Configuration(JsonObject label) =>
        new()
        {
            ["apiVersion"] = "admissionregistration.k8s.io/v1",
            ["kind"] = _mutating ? "MutatingWebhookConfiguration" : "ValidatingWebhookConfiguration",
            ["metadata"] = new JsonObject { ["name"] = _ns.Name },
            ["webhooks"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = Name,
                    ["admissionReviewVersions"] = new JsonArray("v1"),
                    ["sideEffects"] = "None",
                    ["failurePolicy"] = "Fail",
                    ["namespaceSelector"] = new JsonObject { ["matchLabels"] = label },
                    ["clientConfig"] = new JsonObject
                    {
                        ["url"] = _app
                            .Services.GetRequiredService<IServer>()
                            .Features.Get<IServerAddressesFeature>()!
                            .Addresses.Single(),
                        ["caBundle"] = Convert.ToBase64String(
                            System.Text.Encoding.ASCII.GetBytes(_controlPlane.AuthorityPem)
                        ),
                    },
                    ["rules"] = new JsonArray(
                        new JsonObject
                        {
                            // As policies do: an object's subresources are matched only where they are named.
                            ["apiGroups"] = new JsonArray("*"),
                            ["apiVersions"] = new JsonArray("*"),
                            ["operations"] = new JsonArray("CREATE", "UPDATE", "DELETE"),
                            ["resources"] = new JsonArray("*"),
                            ["scope"] = "Namespaced",
                        }
                    ),
                }
            ),
        };

    private async Task Answer(HttpContext context)
    {
        var review = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
        var request = review["request"]!;
        var asked = new AdmissionRequest(
            request["operation"]!.GetValue<string>(),
            request["resource"]!["resource"]!.GetValue<string>(),
            request["name"]?.GetValue<string>() ?? "",
            request["userInfo"]!["username"]!.GetValue<string>()
        );
        _asked.Enqueue(asked);
        var why = Denies(asked);
        var response = new JsonObject { ["uid"] = request["uid"]!.DeepClone(), ["allowed"] = why is null };
        if (why is not null)
            response["status"] = new JsonObject { ["message"] = why };
        if (request["object"] is JsonObject item && Patches(asked, item) is { } patch)
        {
            response["patchType"] = "JSONPatch";
            response["patch"] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(patch));
        }

        var answer = new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1",
            ["kind"] = "AdmissionReview",
            ["response"] = response,
        };
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
    }
}

/// <param name="Operation">CREATE, UPDATE or DELETE.</param>
public sealed record AdmissionRequest(string Operation, string Resource, string Name, string User);
