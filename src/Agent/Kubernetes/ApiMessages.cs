using System.Text.RegularExpressions;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Tells by the API server's words who refused a request: authorizer, quota, LimitRange and admission all answer with the same
/// status, and the words of each have been the same for as long as it exists.
/// </summary>
internal static partial class ApiMessages
{
    /// <summary>An authorizer: the agent may not do it. Admission can quote these words, but never begins with them.</summary>
    public static bool IsAuthorizer(string message) => Authorizer().IsMatch(message);

    public static bool IsQuota(string message) => Quota().IsMatch(message);

    public static bool IsLimitRange(string message) => LimitRange().IsMatch(message);

    /// <summary>A webhook or policy decided so; which status it answers with is its own choice.</summary>
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
