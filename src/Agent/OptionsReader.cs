using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Agent.Simulated;
using Coder.Mesh.Protocol.Network;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent;

/// <summary>Converts settings to validated options, and reports all problems at once.</summary>
internal sealed class OptionsReader(SettingSource source, List<string> errors)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>Returns the options; null if there are problems, which are added to <c>errors</c>.</summary>
    public AgentOptions? Read()
    {
        var allowPlaintext = Parse(Setting.AllowPlaintext, Switch.Rule, Switch.TryParse, false);
        var options = new AgentOptions
        {
            AccessUrl = ReadAccessUrl(allowPlaintext) ?? new Uri("https://invalid.invalid"),
            TokenFile = source.Find(Setting.TokenFile)?.Value,
            Token = source.Token is { } token ? new Secret(token) : null,
            Cluster = Parse(Setting.Cluster, "kubernetes or simulated", TryName, ClusterKind.Kubernetes),
            Namespace = ReadNamespace(),
            Kubeconfig = Parse<string?>(Setting.Kubeconfig, "one file", TryOneFile, null),
            HeartbeatInterval = ReadTime(Setting.HeartbeatInterval, Second, Minute, 10 * Second),
            ProbeInterval = ReadTime(Setting.ProbeInterval, Second, Minute, 5 * Second),
            PendingTimeout = ReadTime(Setting.PendingTimeout, Second, 24 * 60 * Minute, 10 * Minute),
            HealthAddress = ReadHealthAddress(),
            LogLevel = Parse(Setting.LogLevel, "debug, information, warning or error", TryLevel, LogLevel.Information),
            LogFormat = Parse(Setting.LogFormat, "text or json", TryName, LogFormat.Text),
            Simulated = ReadSimulated(),
        };
        if (options.Cluster != ClusterKind.Simulated && source.Find(Setting.Simulate) is { } unused)
            errors.Add($"{unused.Place}: needs {Setting.Cluster.Flag} simulated.");
        CheckToken(options);
        return errors.Count == 0 ? options : null;
    }

    private SimulatedOptions ReadSimulated()
    {
        var script = source.Find(Setting.Simulate) is { } found
            ? SimulationFile.Read(found.Value, found.Place, errors)
            : null;
        var defaults = new SimulatedOptions();
        return new SimulatedOptions
        {
            StateFile = source.Find(Setting.SimulatedState)?.Value,
            Seed = Parse(Setting.SimulatedSeed, "a whole number", TryNumber, script?.Seed ?? defaults.Seed),
            Delay = ReadTime(Setting.SimulatedDelay, TimeSpan.Zero, 10 * Minute, defaults.Delay),
            Capacity = Parse<int?>(Setting.SimulatedCapacity, "a whole number, 0 or more", TryCount, script?.Capacity),
            Failures = script?.Failures ?? [],
            Delays = script?.Delays ?? new(),
            Api = script?.Api ?? [],
            Conditions = script?.Conditions ?? [],
        };
    }

    private delegate bool TryParse<T>(string text, [MaybeNullWhen(false)] out T value);

    private T Parse<T>(Setting setting, string rule, TryParse<T> parse, T fallback)
    {
        if (source.Find(setting) is not { } found)
            return fallback;
        if (parse(found.Value, out var value))
            return value;
        errors.Add($"{found.Place}: \"{found.Value}\" must be {rule}.");
        return fallback;
    }

    private TimeSpan ReadTime(Setting setting, TimeSpan min, TimeSpan max, TimeSpan fallback) =>
        Parse(
            setting,
            $"a time from {Durations.Format(min)} to {Durations.Format(max)}, such as 10s, 500ms or 1m",
            (string text, out TimeSpan value) => Durations.TryParse(text, out value) && value >= min && value <= max,
            fallback
        );

    private Uri? ReadAccessUrl(bool allowPlaintext)
    {
        var setting = Setting.AccessUrl;
        if (source.Find(setting) is not { } found)
        {
            errors.Add($"{setting.Flag} ({setting.Variable}): required; the address of the control plane.");
            return null;
        }

        if (
            !Uri.TryCreate(found.Value, UriKind.Absolute, out var url)
            || url.Scheme is not ("http" or "https")
            || url.Host.Length == 0
        )
            errors.Add($"{found.Place}: must be an http or https URL, such as https://mesh.example.com.");
        else if (url.UserInfo.Length > 0)
            errors.Add($"{found.Place}: must not hold a user or password; the token goes into --token-file.");
        else if (url.PathAndQuery != "/" || url.Fragment.Length > 0)
            errors.Add(
                $"{found.Place}: must end after host and port; \"{url.PathAndQuery}{url.Fragment}\" is too much."
            );
        else if (url.Scheme == "http" && !url.IsLoopback && !allowPlaintext)
            errors.Add(
                $"{found.Place}: plain http is allowed to loopback only; use https, or set {Setting.AllowPlaintext.Flag} "
                    + $"({Setting.AllowPlaintext.Variable}) if the network is trusted."
            );
        else
            CheckProxy(url);
        return url;
    }

    private void CheckProxy(Uri url)
    {
        try
        {
            EnvironmentProxy.Read(source.Variable)?.RouteTo(url);
        }
        catch (ProxyVariableException e)
        {
            errors.Add(e.Message);
        }
    }

    private string? ReadNamespace() =>
        Parse<string?>(
            Setting.Namespace,
            NamespaceRule,
            (string text, out string? value) =>
            {
                value = text;
                return IsNamespace(text);
            },
            null
        );

    public const string NamespaceRule =
        "a namespace's name: 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends";

    public static bool IsNamespace(string text) =>
        text.Length is >= 1 and <= 63
        && text.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-')
        && text[0] != '-'
        && text[^1] != '-';

    private IPEndPoint ReadHealthAddress() =>
        Parse(
            Setting.HealthAddress,
            "an IP address and a port, such as 127.0.0.1:8086 or [::]:8086",
            // Without the colon, a bare number would be accepted as an address.
            (string text, [MaybeNullWhen(false)] out IPEndPoint value) =>
                IPEndPoint.TryParse(text, out value)
                && text.Contains(':')
                && text.EndsWith(
                    string.Create(CultureInfo.InvariantCulture, $":{value.Port}"),
                    StringComparison.Ordinal
                ),
            new IPEndPoint(IPAddress.Loopback, 8086)
        );

    private void CheckToken(AgentOptions options)
    {
        if (options is { TokenFile: null, Token: null })
            errors.Add(
                $"{Setting.TokenFile.Flag} ({Setting.TokenFile.Variable}): required, unless {SettingSource.TokenVariable} "
                    + "holds the provider's token."
            );
        else if (options is { TokenFile: not null, Token: not null } && !source.HasFlag(Setting.TokenFile))
            errors.Add(
                $"{Setting.TokenFile.Variable} and {SettingSource.TokenVariable}: both are set, so that it isn't clear which "
                    + $"token counts. Keep one, or name the agent's file with {Setting.TokenFile.Flag}, which wins: `mesh` reads "
                    + "these variables too."
            );
    }

    private static bool TryName<T>(string text, out T value)
        where T : struct, Enum =>
        Enum.TryParse(text, ignoreCase: true, out value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text[0]);

    private static bool TryLevel(string text, out LogLevel value) =>
        TryName(text, out value)
        && value is LogLevel.Debug or LogLevel.Information or LogLevel.Warning or LogLevel.Error;

    private static bool TryNumber(string text, out int value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    private static bool TryOneFile(string text, out string? value)
    {
        value = text;
        return text.Length > 0 && !text.Contains(Path.PathSeparator);
    }

    private static bool TryCount(string text, out int? value)
    {
        var valid = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count);
        value = count;
        return valid;
    }
}
