using System.Text.RegularExpressions;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Recognizes from the API server's message which part refused a request: authorizer, quota, LimitRange and admission
/// answer with the same status. The messages have been stable in all versions.
/// </summary>
internal static partial class ApiMessages
{
    /// <summary>
    /// Whether an authorizer refused the agent. Admission may quote these words, but never begins with them.
    /// </summary>
    public static bool IsAuthorizer(string message) => Authorizer().IsMatch(message);

    public static bool IsQuota(string message) => Quota().IsMatch(message);

    public static bool IsLimitRange(string message) => LimitRange().IsMatch(message);

    /// <summary>Whether a webhook or policy refused the request. It chooses its status itself.</summary>
    public static bool IsAdmission(string message) => Admission().IsMatch(message);

    private const string Subject = """[a-z0-9./-]+( "[^"]*")? is forbidden: """;

    [GeneratedRegex($"""^({Subject}|forbidden: )User "([^"\\]|\\.)*" cannot """)]
    private static partial Regex Authorizer();

    [GeneratedRegex($"^{Subject}(exceeded|failed) quota: ")]
    private static partial Regex Quota();

    [GeneratedRegex($@"^{Subject}\[?((minimum|maximum) \S+ usage per |\S+ max limit to request ratio per )")]
    private static partial Regex LimitRange();

    [GeneratedRegex($"""^(admission webhook "[^"]*" denied the request|{Subject}ValidatingAdmissionPolicy ')""")]
    private static partial Regex Admission();
}
