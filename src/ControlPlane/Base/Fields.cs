using System.Text;
using System.Text.RegularExpressions;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>Collects all violations of a request, so that they are reported together.</summary>
internal sealed partial class Fields
{
    /// <summary>Maximum length of free text in a request, in UTF-16 code units.</summary>
    public const int MaxText = 1024;

    /// <summary>
    /// Maximum total size of reported violations, in bytes. They are sent twice in headers, for which some clients
    /// accept 8 KiB at most.
    /// </summary>
    private const int MaxTold = 1_500;

    private readonly List<FieldViolation> _violations = [];
    private int _told;
    private int _untold;

    public Error? Error =>
        _violations.Count == 0
            ? null
            : new Error(
                ErrorKind.InvalidArgument,
                ErrorReasons.InvalidArgument,
                string.Join("; ", _violations.Select(v => $"{v.Field}: {v.Rule}"))
            )
            {
                Fields = [.. _violations],
            };

    public Fields Violated(string field, string rule)
    {
        _told += Encoding.UTF8.GetByteCount(field) + Encoding.UTF8.GetByteCount(rule);
        if (_told <= MaxTold || _violations.Count == 0)
            _violations.Add(new FieldViolation(field, rule));
        else if (++_untold == 1)
            _violations.Add(new FieldViolation(field, More(_untold)));
        else
            _violations[^1] = _violations[^1] with { Rule = More(_untold) };
        return this;
    }

    private static string More(int untold) =>
        $"is invalid too; {untold} violations, of which this is the first, are not described";

    /// <summary>Validates a new name: an RFC 1123 label that cannot be mistaken for an id.</summary>
    public Fields Name(string field, string value)
    {
        if (value.Length == 0)
            return Violated(field, "is required");
        if (value.Length > 63 || !Label().IsMatch(value))
            return Violated(
                field,
                "must be an RFC 1123 label: at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit"
            );
        return Ids.IsId(value) ? Violated(field, "must not have the form of an id (32 hexadecimal digits)") : this;
    }

    /// <summary>Validates the name or id of an existing resource.</summary>
    public Fields Reference(string field, string value) =>
        value.Length == 0 ? Violated(field, "is required") : Text(field, value, 253);

    public Fields Text(string field, string value, int max = MaxText)
    {
        if (value.Length > max)
            return Violated(field, $"must be at most {max} characters, has {value.Length}");
        return CleanText.IsSafe(value) ? this : Violated(field, "must not contain control or formatting characters");
    }

    /// <summary>Validates a mask, which has to name at least one path, and only known ones.</summary>
    /// <param name="remedy">What a caller without a mask should do.</param>
    public Fields Mask(FieldMask? mask, IReadOnlyCollection<string> paths, string remedy)
    {
        if (mask is null or { Paths.Count: 0 })
            return Violated("update_mask", $"is required: {remedy}");
        foreach (var path in mask.Paths.Where(p => !paths.Contains(p)).Take(10))
            Text("update_mask", path)
                .Violated("update_mask", $"\"{Short(path)}\" is none of {string.Join(", ", paths)}");
        return this;
    }

    /// <summary>
    /// Whether the text has the form of an RFC 1123 subdomain, such as the name of a Secret. The caller limits its
    /// length.
    /// </summary>
    public static bool IsSubdomain(string text) => Subdomain().IsMatch(text);

    public static bool IsSecretName(string text) => text.Length <= 253 && IsSubdomain(text);

    public static string NotASecret(string text) =>
        $"\"{Short(text)}\" can't be the name of a Secret (RFC 1123 subdomain)";

    /// <summary>Returns the beginning of a caller's text in a form that is safe in messages.</summary>
    public static string Short(string text) => new([.. Cut.To(text, 64).Select(c => char.IsControl(c) ? '?' : c)]);

    public Fields Quantity(string field, string value, QuantityRule rule)
    {
        if (value.Length == 0)
            return Violated(field, "is required");
        return rule.Violation(value) is { } violation ? Violated(field, violation) : this;
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Label();

    [GeneratedRegex(
        @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Subdomain();
}
