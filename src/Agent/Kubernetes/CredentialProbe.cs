using System.Globalization;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Reports when the agent's credential for the cluster expires. The provider's token has no expiry.</summary>
internal sealed class CredentialProbe(KubernetesConnection connection, TimeProvider time)
{
    // A week is enough to renew it; of a credential with a short lifetime it would be the greater part.
    private static readonly TimeSpan MaxNotice = TimeSpan.FromDays(7);
    private const int NoticeDivisor = 10;

    public async Task<ProbedCondition> Check(CancellationToken ct)
    {
        try
        {
            return Evaluate(await Lifetimes(ct));
        }
        catch (Exception e) when (Transport.Explains(e, ct) is { } reason)
        {
            return Unknown(reason);
        }
    }

    private async Task<IReadOnlyList<CredentialLifetime?>> Lifetimes(CancellationToken ct)
    {
        var lifetimes = new List<CredentialLifetime?>();
        if (connection.ClientCertificate is { } certificate)
            lifetimes.Add(CredentialLifetime.Of(certificate));
        if (connection.Credentials is { } credentials)
        {
            // Not sent: the library adds a token, renewed if necessary, only to a request.
            using var request = new HttpRequestMessage();
            await credentials.ProcessHttpRequestAsync(request, ct);
            lifetimes.Add(CredentialLifetime.OfToken(request.Headers.Authorization?.Parameter));
        }

        return lifetimes;
    }

    private ProbedCondition Evaluate(IReadOnlyList<CredentialLifetime?> lifetimes)
    {
        var first = lifetimes.Where(l => l?.End is not null).MinBy(l => l!.End);
        if (first is not { End: { } end } lifetime)
            return lifetimes.Contains(null)
                ? Unknown("The agent's credential for the cluster does not say whether it expires.")
                : True("");

        var (now, name, on) = (time.GetUtcNow(), lifetime.Name, Text(end));
        if (end <= now)
            return False(ClusterCodes.CredentialExpired, $"The agent's {name} for the cluster expired on {on}.");
        // Its expiry changes with every renewal, and would be reported each time.
        if (connection.RenewsToken && lifetime.IsToken)
            return True("");
        return end - now < Notice(lifetime)
            ? False(ClusterCodes.CredentialExpiring, $"The agent's {name} for the cluster expires on {on}.")
            : True($"The agent's {name} for the cluster is good until {on}.");
    }

    private static TimeSpan Notice(CredentialLifetime lifetime)
    {
        var part = lifetime.Begin is { } begin ? (lifetime.End!.Value - begin) / NoticeDivisor : MaxNotice;
        return part < MaxNotice ? part : MaxNotice;
    }

    private static string Text(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd 'at' HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static ProbedCondition True(string message) =>
        new(ConditionTypes.CredentialExpiry, ConditionStatus.True, Message: message);

    private static ProbedCondition False(string code, string message) =>
        new(ConditionTypes.CredentialExpiry, ConditionStatus.False, code, message);

    private static ProbedCondition Unknown(string message) =>
        new(ConditionTypes.CredentialExpiry, ConditionStatus.Unknown, ClusterCodes.NotDetermined, message);
}
