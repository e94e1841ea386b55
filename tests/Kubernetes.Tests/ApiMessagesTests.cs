using System.Net;
using Coder.Mesh.Agent.Kubernetes;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>Who refused, told by what real API servers answer; all of it with 403 unless it says otherwise.</summary>
public sealed class ApiMessagesTests
{
    public static TheoryData<string, string> Answers { get; } =
        new()
        {
            {
                "permissions_insufficient",
                """deployments.apps "ws-1" is forbidden: User "system:serviceaccount:ns:mesh-agent" cannot patch resource "deployments" in API group "apps" in the namespace "ns" """
            },
            {
                "permissions_insufficient",
                """pods is forbidden: User "a \"b\"" cannot list resource "pods" in API group "" in the namespace "ns": no policy matched"""
            },
            { "permissions_insufficient", """forbidden: User "x" cannot get path "/version" """ },
            {
                "quota_exceeded",
                """persistentvolumeclaims "ws-1" is forbidden: exceeded quota: q, requested: requests.storage=10Gi, used: requests.storage=0, limited: requests.storage=5Gi"""
            },
            { "quota_exceeded", """pods "ws-1" is forbidden: failed quota: q: must specify limits.cpu""" },
            {
                "limit_exceeded",
                """persistentvolumeclaims "ws-1" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 10Gi"""
            },
            {
                "limit_exceeded",
                """pods "ws-1" is forbidden: [maximum cpu usage per Container is 10m, but limit is 500m, minimum memory usage per Pod is 2Gi, but request is 1Gi]"""
            },
            {
                "limit_exceeded",
                """pods "ws-1" is forbidden: cpu max limit to request ratio per Container is 1, but provided ratio is 2.000000"""
            },
            { "cluster_refused", """admission webhook "p.example" denied the request: no""" },
            // Words that a policy only quotes.
            {
                "cluster_refused",
                """admission webhook "p.example" denied the request: x is forbidden: User "bob" cannot patch resource "deployments" """
            },
            {
                "cluster_refused",
                """admission webhook "p.example" denied the request: x is forbidden: exceeded quota: y"""
            },
            {
                "cluster_refused",
                """deployments.apps "ws-1" is forbidden: User "bob" was seen here, and cannot stay"""
            },
            {
                "cluster_refused",
                """deployments.apps "ws-1" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"""
            },
            {
                "cluster_refused",
                """persistentvolumeclaims "ws-1" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"""
            },
            {
                "cluster_refused",
                """pods "ws-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true"""
            },
        };

    [Theory]
    [MemberData(nameof(Answers))]
    public void Each_refusal_has_the_code_of_who_refused(string code, string words)
    {
        var refused = new ApiException(
            HttpStatusCode.Forbidden,
            new ApiStatus(Message: words),
            ""
        ).ToClusterException();

        Assert.Equal((code, false, words.Trim()), (refused.Code, refused.Transient, refused.Message));
    }

    [Theory]
    [InlineData(400, "cluster_refused")]
    [InlineData(401, "cluster_refused")]
    [InlineData(404, "cluster_refused")]
    [InlineData(409, "cluster_refused")]
    [InlineData(422, "cluster_refused")]
    [InlineData(429, "cluster_overloaded")]
    [InlineData(503, "cluster_unavailable")]
    public void A_policy_may_answer_with_any_status(int status, string code)
    {
        const string words = "admission webhook \"p.example\" denied the request: no";
        var answer = new ApiException((HttpStatusCode)status, new ApiStatus(Message: words), "");

        var refused = answer.ToClusterException();

        Assert.Equal((code, words), (refused.Code, refused.Message));
        Assert.Equal(status >= 429, refused.Transient);
        // It is no race, and says nothing of the agent.
        Assert.False(answer.Stale);
        Assert.Equal(status == 429, answer.ForEverything);
    }

    [Fact]
    public void A_conflict_of_fields_says_which_manager_has_which_fields()
    {
        string[] fields = [".a", ".b", ".c", ".d", ".e", ".f", ".g"];
        var causes = fields
            .Select(f => new ApiStatus.StatusCause(
                "FieldManagerConflict",
                """conflict with "kubectl-patch" using apps/v1 at 2026-01-01T00:00:00Z""",
                f
            ))
            .Append(
                new(
                    "FieldManagerConflict",
                    """conflict with "kubectl" with subresource "scale" using apps/v1""",
                    ".spec"
                )
            );
        var answer = new ApiException(
            HttpStatusCode.Conflict,
            new ApiStatus(Message: "Apply failed", Details: new([.. causes])),
            ""
        );

        Assert.Equal(
            "field manager \"kubectl-patch\" has changed .a, .b, .c, .d, .e and 2 more; field manager \"kubectl\" has changed .spec",
            answer.ToClusterException().Message
        );
    }
}
