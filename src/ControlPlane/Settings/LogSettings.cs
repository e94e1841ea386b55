using System.Globalization;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Logging.Console;

namespace Coder.Mesh.ControlPlane.Settings;

/// <summary>How the log is written unless the operator says otherwise, and what he may say.</summary>
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

    /// <summary>The documented ones, as keys.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [$"{Levels}:Default", Format, .. Switches.Select(s => $"{FormatOptions}:{s}"), TimeFormat];

    /// <summary>One line an event, with its time. Whatever the operator sets wins.</summary>
    public static void AddDefaults(IConfigurationManager configuration)
    {
        var format = configuration[Format] is { Length: > 0 } given ? given : ConsoleFormatterNames.Simple;
        var defaults = new Dictionary<string, string?>
        {
            [Format] = format,
            [$"{FormatOptions}:SingleLine"] = "true",
            [$"{FormatOptions}:UseUtcTimestamp"] = "true",
            // The journal has times of its own.
            [TimeFormat] =
                format.Equals(ConsoleFormatterNames.Systemd, StringComparison.OrdinalIgnoreCase) ? null
                : format.Equals(ConsoleFormatterNames.Json, StringComparison.OrdinalIgnoreCase)
                    ? "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"
                : "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ",
            // It tells of what it throws, which whoever calls it handles: such as a name that is taken.
            [$"{Levels}:Marten"] = nameof(LogLevel.Critical),
            [$"{Levels}:Microsoft.AspNetCore"] = nameof(LogLevel.Warning),
            // The addresses are told in one line, a start that fails by an error.
            [$"{Levels}:Microsoft.Hosting.Lifetime"] = nameof(LogLevel.Warning),
            [$"{Levels}:Microsoft.Extensions.Hosting"] = nameof(LogLevel.Critical),
            // An unhealthy check would be an error each second; the store says once that it is away, and that it is back.
            [$"{Levels}:Microsoft.Extensions.Diagnostics.HealthChecks"] = nameof(LogLevel.Critical),
            [$"{Levels}:Grpc"] = nameof(LogLevel.Warning),
            // An error with its stack for each request that can't be read; what fails in a service has a line of its own.
            [$"{Levels}:Grpc.AspNetCore.Server.ServerCallHandler"] = nameof(LogLevel.Critical),
        };
        configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = defaults });
    }

    /// <returns>Every value that can't be read.</returns>
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
        // Both formats have some of them.
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
