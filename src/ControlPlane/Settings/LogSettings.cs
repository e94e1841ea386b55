using System.Globalization;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Logging.Console;

namespace Coder.Mesh.ControlPlane.Settings;

/// <summary>Default format and levels of the log, and validation of the operator's settings.</summary>
internal static class LogSettings
{
    private const string Levels = "Logging:LogLevel";
    private const string Console = "Logging:Console";
    private const string Format = $"{Console}:FormatterName";
    private const string FormatOptions = $"{Console}:FormatterOptions";
    private const string TimeFormat = $"{FormatOptions}:TimestampFormat";

    private static readonly string[] Formats =
    [
        ConsoleFormatterNames.Simple,
        ConsoleFormatterNames.Json,
        ConsoleFormatterNames.Systemd,
    ];

    private static readonly string[] Switches = ["IncludeScopes", "SingleLine", "UseUtcTimestamp"];

    /// <summary>The documented settings, as configuration keys.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [$"{Levels}:Default", Format, .. Switches.Select(s => $"{FormatOptions}:{s}"), TimeFormat];

    /// <summary>
    /// Adds defaults: one line for each event, with its time. The operator's settings take precedence.
    /// </summary>
    public static void AddDefaults(IConfigurationManager configuration)
    {
        var format = configuration[Format] is { Length: > 0 } given ? given : ConsoleFormatterNames.Simple;
        var defaults = new Dictionary<string, string?>
        {
            [Format] = format,
            [$"{FormatOptions}:SingleLine"] = "true",
            [$"{FormatOptions}:UseUtcTimestamp"] = "true",
            // The systemd journal adds its own times.
            [TimeFormat] =
                format.Equals(ConsoleFormatterNames.Systemd, StringComparison.OrdinalIgnoreCase) ? null
                : format.Equals(ConsoleFormatterNames.Json, StringComparison.OrdinalIgnoreCase)
                    ? "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"
                : "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ",
            // Marten logs exceptions that its callers handle, such as a name that is already used.
            [$"{Levels}:Marten"] = nameof(LogLevel.Critical),
            [$"{Levels}:Microsoft.AspNetCore"] = nameof(LogLevel.Warning),
            // Addresses are logged in one line, and a failed start as an error.
            [$"{Levels}:Microsoft.Hosting.Lifetime"] = nameof(LogLevel.Warning),
            [$"{Levels}:Microsoft.Extensions.Hosting"] = nameof(LogLevel.Critical),
            // An unhealthy check would be logged as an error every second. The store logs once when it is unavailable
            // and when it is back.
            [$"{Levels}:Microsoft.Extensions.Diagnostics.HealthChecks"] = nameof(LogLevel.Critical),
            [$"{Levels}:Grpc"] = nameof(LogLevel.Warning),
            // An error with a stack trace for each request that cannot be parsed. Failures of services have their own
            // log message.
            [$"{Levels}:Grpc.AspNetCore.Server.ServerCallHandler"] = nameof(LogLevel.Critical),
        };
        configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = defaults });
    }

    /// <returns>All values that cannot be read.</returns>
    public static IReadOnlyList<string> Problems(IConfiguration configuration)
    {
        var problems = new List<string>();
        if (
            configuration[Format] is { Length: > 0 } format
            && !Formats.Contains(format, StringComparer.OrdinalIgnoreCase)
        )
            problems.Add(SettingValues.Problem(Format, format, $"one of {string.Join(", ", Formats)}"));
        ValueProblem[] values =
        [
            .. SettingValues.Problems<ConsoleLoggerOptions>(configuration, Console),
            .. SettingValues.Problems<SimpleConsoleFormatterOptions>(configuration, FormatOptions),
            .. SettingValues.Problems<JsonConsoleFormatterOptions>(configuration, FormatOptions),
        ];
        // Both formats share some of them.
        problems.AddRange(values.Select(v => v.Text).Distinct());
        if (configuration[TimeFormat] is { } times && !IsTimeFormat(times))
            problems.Add(SettingValues.Problem(TimeFormat, times, "a format of .NET, such as HH:mm:ss"));
        foreach (var (key, value) in configuration.GetSection("Logging").AsEnumerable())
            if (
                key.Contains(":LogLevel:", StringComparison.OrdinalIgnoreCase)
                && value is { Length: > 0 }
                && !Enum.GetNames<LogLevel>().Contains(value, StringComparer.OrdinalIgnoreCase)
            )
                problems.Add(
                    SettingValues.Problem(key, value, $"one of {string.Join(", ", Enum.GetNames<LogLevel>())}")
                );
        return problems;
    }

    private static bool IsTimeFormat(string format)
    {
        try
        {
            return DateTimeOffset.UnixEpoch.ToString(format, CultureInfo.InvariantCulture).Length >= 0;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
