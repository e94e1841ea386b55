using System.Net.Mail;
using System.Text.RegularExpressions;
using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Validates the specification and the owner of a workspace. Pure functions.</summary>
internal static partial class WorkspaceRules
{
    private const int MaxEnv = 100;
    private const int MaxEnvName = 256;
    private const int MaxEnvValue = 4096;
    private const int MaxEnvCharacters = 32 * 1024;
    private const int MaxEnvFrom = 16;
    private const string ReservedEnv = "CODER_WP_NAME";

    private const int MaxCommandParts = 64;
    private const int MaxImage = 512;

    // RFC 5321, 4.5.3.1.3, without the angle brackets.
    private const int MaxEmail = 254;

    /// <param name="before">The spec that is changed: quantities that an earlier version accepted may stay.</param>
    public static Fields Spec(this Fields fields, WorkspaceSpec spec, WorkspaceSpec? before = null)
    {
        if (spec.Image.Length == 0)
            fields.Violated("spec.image", "is required");
        var known = before is null ? [] : SpecQuantities(before);
        foreach (var (field, value, rule) in SpecQuantities(spec).Except(known))
            fields.Quantity(field, value, rule);
        return fields.SpecTexts(spec);
    }

    /// <summary>Validates a spec whose empty fields are filled in later.</summary>
    public static Fields PartialSpec(this Fields fields, WorkspaceSpec spec)
    {
        foreach (var (field, value, rule) in SpecQuantities(spec).Where(q => q.Value.Length > 0))
            fields.Quantity(field, value, rule);
        return fields.SpecTexts(spec);
    }

    private static (string Field, string Value, QuantityRule Rule)[] SpecQuantities(WorkspaceSpec spec) =>
        [
            ("spec.cpu", spec.Cpu, QuantityRule.Cpu),
            ("spec.memory", spec.Memory, QuantityRule.Memory),
            ("spec.disk", spec.Disk, QuantityRule.Disk),
        ];

    private static Fields SpecTexts(this Fields fields, WorkspaceSpec spec)
    {
        if (spec.Image.Any(char.IsWhiteSpace))
            fields.Violated("spec.image", "must be a container image reference, without white space");
        else
            fields.Text("spec.image", spec.Image, MaxImage);
        if (spec.Command.Length > MaxCommandParts)
            fields.Violated("spec.command", $"must have at most {MaxCommandParts} parts, has {spec.Command.Length}");
        else if (spec.Command.Any(part => part.Length > Fields.MaxText))
            fields.Violated("spec.command", $"each part must be at most {Fields.MaxText} characters");
        return fields.Environment(spec);
    }

    private static Fields Environment(this Fields fields, WorkspaceSpec spec)
    {
        if (spec.Env.Count > MaxEnv)
            return fields.Violated("spec.env", $"must have at most {MaxEnv} variables, has {spec.Env.Count}");
        foreach (var (name, value) in spec.Env)
        {
            if (name.Length > MaxEnvName || !EnvName().IsMatch(name))
                fields.Violated(
                    "spec.env",
                    $"\"{Fields.Short(name)}\" must be at most {MaxEnvName} letters, digits, '_', '-' and '.', not beginning with a digit"
                );
            else if (name == ReservedEnv)
                fields.Violated("spec.env", $"{ReservedEnv} is set by Coder.Mesh to the workspace's name");
            if (value.Length > MaxEnvValue || value.Contains('\0', StringComparison.Ordinal))
                fields.Violated(
                    "spec.env",
                    $"{Fields.Short(name)}: must be at most {MaxEnvValue} characters, and none of them NUL"
                );
        }

        if (spec.Env.Sum(e => e.Key.Length + e.Value.Length) > MaxEnvCharacters)
            fields.Violated("spec.env", $"must have at most {MaxEnvCharacters} characters in all, names and values");
        if (spec.EnvFrom.Length > MaxEnvFrom)
            return fields.Violated(
                "spec.env_from",
                $"must name at most {MaxEnvFrom} Secrets, names {spec.EnvFrom.Length}"
            );
        foreach (var secret in spec.EnvFrom.Where(name => !Fields.IsSecretName(name)))
            fields.Violated("spec.env_from", Fields.NotASecret(secret));
        return fields;
    }

    public static Fields Owner(this Fields fields, string owner)
    {
        fields.Text("owner", owner, 253);
        return owner.Length > 0 && (char.IsWhiteSpace(owner[0]) || char.IsWhiteSpace(owner[^1]))
            ? fields.Violated("owner", "must not begin or end with white space")
            : fields;
    }

    public static Fields Owner(this Fields fields, string owner, string email)
    {
        fields.Owner(owner);
        var fits =
            MailAddress.TryCreate(email, out var address) && address.Address == email && email.Length <= MaxEmail;
        return email.Length == 0 || fits
            ? fields
            : fields.Violated(
                "owner_email",
                $"must be an e-mail address such as jo@example.com, of at most {MaxEmail} characters"
            );
    }

    [GeneratedRegex(@"^[-._a-zA-Z][-._a-zA-Z0-9]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex EnvName();
}
