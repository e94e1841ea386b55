using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>One workspace in a namespace of its own, whose API server refuses what a case says.</summary>
internal sealed class RefusalScene : IAsyncDisposable
{
    private readonly KubernetesControlPlane _controlPlane;
    private readonly TestNamespace _ns;
    private readonly RefusalCase _case;
    private readonly string _id = TestDriver.NewId();
    private readonly WorkspaceDesired _desired;
    private ReconciledAgent _agent = null!;
    private AdmissionWebhook? _webhook;

    private RefusalScene(KubernetesControlPlane controlPlane, TestNamespace ns, RefusalCase refusal)
    {
        (_controlPlane, _ns, _case) = (controlPlane, ns, refusal);
        _desired = TestDriver.Desired(_id, generation: 0);
    }

    private ClusterApi Admin => _controlPlane.Admin;

    private string Object => _ns.Path(_case.Kind, $"ws-{_id}");

    public static async Task<RefusalScene> Set(
        KubernetesControlPlane controlPlane,
        RefusalCase refusal,
        CancellationToken ct
    )
    {
        var ns = await controlPlane.CreateNamespace(TestDriver.Rules, ct);
        var scene = new RefusalScene(controlPlane, ns, refusal) { _agent = await ReconciledAgent.Start(ns, ct) };
        if (refusal.Cause == Cause.Admission)
            scene._webhook = await AdmissionWebhook.Before(controlPlane, ns, ct);
        return scene;
    }

    /// <summary>DesiredStates one thing after the other, and looks what is shown.</summary>
    public async Task Play(CancellationToken ct)
    {
        if (_case.Fresh)
        {
            await Refuse(ct);
            await Request(WorkspacePower.Running, _case.Start, ct);
        }
        else
        {
            await Request(WorkspacePower.Running, "Running", ct);
            await Refuse(ct);
        }

        _desired.Spec.Image = "registry.example/dev:2";
        await Request(WorkspacePower.Running, _case.Update, ct);
        _desired.RestartGeneration = _desired.Generation + 1;
        await Request(WorkspacePower.Running, _case.Restart, ct);
        await Request(WorkspacePower.Stopped, _case.Stop, ct);
        if (_case.Stop.StartsWith("Stopped", StringComparison.Ordinal))
            Assert.Empty(await _ns.List("pods", ct));
        if (!_case.Fresh)
            await Request(WorkspacePower.Running, _case.Start, ct);
        await Delete(ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (_webhook is not null)
            await _webhook.DisposeAsync();
        await _agent.DisposeAsync();
        await _ns.DisposeAsync();
    }

    private async Task Request(WorkspacePower power, string cell, CancellationToken ct)
    {
        _desired.Generation++;
        _desired.Power = power;
        // Each wish changes what the workspace has besides its pod and disk, as each new start may.
        _desired.Details = new WorkspaceDetails
        {
            ServiceAccountAnnotations = { ["example.com/note"] = $"{_desired.Generation}" },
        };
        _agent.Desire(_desired);
        await Shows(cell, ct);
    }

    private async Task Delete(CancellationToken ct)
    {
        _desired.Generation++;
        _agent.Remove(_id, _desired.Generation);
        await Shows(_case.Delete, ct);
        await Lift(ct);
        // A call that is under way may still be refused by what was lifted just now.
        await _agent.Until(_id, $"{_case.Cause} {_case.Kind}: Deleted", Gone, ct);
        foreach (var kind in (string[])[.. RefusalCase.Objects, "pods"])
            Assert.DoesNotContain(
                await _ns.List(kind, ct),
                left => left["metadata"]!["name"]!.GetValue<string>().StartsWith($"ws-{_id}", StringComparison.Ordinal)
            );
    }

    private bool Gone(WorkspaceReport report)
    {
        if (report.State != WorkspaceState.Deleted)
            _agent.Retry();
        return report.State == WorkspaceState.Deleted;
    }

    private async Task Shows(string cell, CancellationToken ct)
    {
        var parts = cell.Split(' ');
        var state = Enum.Parse<WorkspaceState>(parts[0]);
        var code = parts.Length > 1 && parts[1] != "+" ? parts[1].TrimEnd('?') : "";
        var optional = cell.EndsWith('?');
        // A wish that waits for what somebody else has to do isn't reported as acted on.
        var waits = _case.Cause == Cause.Finalizer;
        var report = await _agent.Until(
            _id,
            $"{_case.Cause} {_case.Kind}: {cell} at generation {_desired.Generation}",
            r =>
                r.State == state
                && (r.Code == code || (optional && r.Code.Length == 0))
                && (waits || r.Generation == _desired.Generation)
                && (
                    parts.Length == 1
                    || (optional && r.Code.Length == 0)
                    || r.Message.Contains(_case.Words, StringComparison.Ordinal)
                )
                && (
                    !waits
                    || r.Generation == _desired.Generation
                    || r.Message.Contains($"Generation {_desired.Generation} waits")
                ),
            ct
        );
        if (parts.Length == 1)
            Assert.Equal("", report.Message);
    }

    private Task Refuse(CancellationToken ct) =>
        _case.Cause switch
        {
            Cause.Quota => Spend(ct),
            Cause.Admission => Deny(),
            Cause.Rbac => _ns.SetRules(TestDriver.Rules(_ns.Name).Select(Withdrawn), ct),
            Cause.Conflict => Admin.Apply(Object, HandWork.Held(_case.Kind, _id), "another-controller", ct),
            Cause.Immutable => Fix(ct),
            _ => Keep(ct),
        };

    private async Task Spend(CancellationToken ct)
    {
        var (path, quota) = (_ns.Path("resourcequotas"), HandWork.Quota(_case.Kind));
        await Admin.Create(path, quota, ct);
        // It counts for nothing before its controller has looked.
        await Admin.Until($"{path}/none", q => q?["status"]?["hard"] is JsonObject { Count: > 0 }, ct);
    }

    private Task Deny()
    {
        var agent = $"system:serviceaccount:{_ns.Name}:mesh-agent";
        _webhook!.Denies = r =>
            r.User == agent && r.Resource == _case.Kind && (r.Operation != "DELETE" || !_case.Fresh)
                ? "not here"
                : null;
        return Task.CompletedTask;
    }

    private PolicyRule Withdrawn(PolicyRule rule) =>
        rule.Resource != _case.Kind ? rule
        : _case.Fresh ? rule with { Verbs = [.. rule.Verbs.Except(["create", "patch"])] }
        : rule with { Verbs = [.. rule.Verbs.Except(["patch", "delete"])] };

    private async Task Fix(CancellationToken ct)
    {
        if (_case.Kind == "persistentvolumeclaims")
            _desired.Spec.Disk = "20Gi";
        else
            // In the agent's name: nothing but what nobody may change stands in its way.
            await Admin.Apply(
                Object,
                HandWork.Unchangeable(_case.Kind, _id, _agent.Identity),
                Names.FieldManager(_agent.Identity),
                ct
            );
    }

    private async Task Keep(CancellationToken ct)
    {
        await Admin.Patch(Object, HandWork.Finalizers("example.com/keep"), ct);
        await Admin.Delete(Object, ct);
        await Admin.Until(Object, o => o?["metadata"]?["deletionTimestamp"] is not null, ct);
    }

    private async Task Lift(CancellationToken ct)
    {
        if (_case.Cause == Cause.Admission)
            _webhook!.Denies = _ => null;
        else if (_case.Cause == Cause.Rbac)
            await _ns.SetRules(TestDriver.Rules(_ns.Name), ct);
        else if (_case.Cause == Cause.Finalizer)
            await Admin.Patch(Object, HandWork.Finalizers(), ct);
    }
}
