using System.Globalization;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Tells when the agent's credential for the cluster expires. The provider's token isn't looked at: it has no expiry,
/// and is good until it is revoked.
/// </summary>
internal sealed class CredentialProbe(KubernetesConnection connection, TimeProvider time)
{
    // A week is time enough to renew; of a credential that lives for less than ten it would be most of its life.
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
            // Never sent: the library gives a token only to a request, after renewing it where it has to.
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
                ? Unknown("The agent's credential for the cluster doesn't tell whether it expires.")
                : True("");

        var (now, name, on) = (time.GetUtcNow(), lifetime.Name, Text(end));
        if (end <= now)
            return False(ClusterCodes.CredentialExpired, $"The agent's {name} for the cluster expired on {on}.");
        // Its end moves with every renewal, and each would be news of nothing.
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
