using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Coder.Mesh.ControlPlane;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api.CallLimits;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Settings;
using Coder.Mesh.EmbeddedPostgres;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Coder.Mesh.Docs.Tests;

/// <summary>Each setting is in the documentation with its real default.</summary>
public sealed class ConfigurationTests
{
    public static TheoryData<string, string> Settings()
    {
        var settings = new TheoryData<string, string>();
        Add(settings, ControlPlaneOptions.Section, new ControlPlaneOptions());
        Add(settings, AgentStreamOptions.Section, new AgentStreamOptions());
        Add(settings, CallLimitOptions.Section, new CallLimitOptions());
        Add(settings, EmbeddedPostgresOptions.Section, new EmbeddedPostgresOptions());
        return settings;
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Every_setting_is_documented_with_its_default(string variable, string standard)
    {
        var row = Row(variable);

        Assert.True(row is not null, $"{variable} is not in docs/configuration.md.");
        Assert.Equal(standard, row[1].Trim('`'));
    }

    [Theory]
    [InlineData(typeof(AgentStreamOptions), "Mesh__AgentStream__", 15)]
    [InlineData(typeof(CallLimitOptions), "Mesh__Calls__", 4)]
    [InlineData(typeof(EmbeddedPostgresOptions), "Mesh__EmbeddedPostgres__", 2)]
    public void Every_range_is_the_one_that_is_checked(Type options, string section, int count)
    {
        var ranges = options
            .GetProperties()
            .Select(p => (p.Name, Range: p.GetCustomAttribute<RangeAttribute>()))
            .Where(p => p.Range is not null)
            .ToList();

        Assert.Equal(count, ranges.Count);
        Assert.All(
            ranges,
            p =>
                Assert.Equal(
                    FormattableString.Invariant($"`{p.Range!.Minimum}` to `{p.Range.Maximum}`"),
                    Row(section + p.Name)![2]
                )
        );
    }

    [Fact]
    public void The_documentation_has_no_setting_of_ours_that_the_code_lacks() =>
        Assert.Equal(
            Settings().Select(s => s.Data.Item1).Order(StringComparer.Ordinal),
            Document
                .Read("configuration.md")
                .Rows()
                .Select(r => Variable(r))
                .Where(v => v.StartsWith("Mesh__", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Every_documented_setting_is_known_and_no_other_of_ours() =>
        Assert.Equal(
            SettingNames.Own.Append("Mesh:EmbeddedPostgres:Settings").Order(StringComparer.Ordinal),
            Settings()
                .Select(s => s.Data.Item1.Replace("__", ":", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Connections_get_the_documented_defaults()
    {
        var rows = Document.Read("configuration.md").Under("## Connections to PostgreSQL").Rows();
        var connection = new NpgsqlConnectionStringBuilder(StorageRegistration.WithDefaults("Host=db"));

        Assert.NotEmpty(rows);
        Assert.All(
            rows,
            row =>
                Assert.Equal(
                    row[1].Trim('`'),
                    Convert.ToString(connection[row[0].Trim('`')], CultureInfo.InvariantCulture)
                )
        );
        Assert.Equal(rows.Count + 1, connection.Count);
    }

    [Theory]
    [InlineData("Host=db;Command Timeout=60;Timeout=9;Maximum Pool Size=7;Application Name=mine;Options=-c jit=off")]
    [InlineData("host=db;commandtimeout=60;TIMEOUT=9;MaxPoolSize=7;ApplicationName=mine;options=-c jit=off")]
    public void A_connection_string_that_says_otherwise_wins(string given)
    {
        var connection = new NpgsqlConnectionStringBuilder(StorageRegistration.WithDefaults(given));

        Assert.Equal(
            (60, 9, 7, "mine", "-c jit=off"),
            (
                connection.CommandTimeout,
                connection.Timeout,
                connection.MaxPoolSize,
                connection.ApplicationName,
                connection.Options
            )
        );
    }

    [Fact]
    public void The_embedded_PostgreSQL_is_run_as_configured()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>
                {
                    ["Mesh:EmbeddedPostgres:BinariesFolder"] = "/opt/pg/bin",
                    ["Mesh:EmbeddedPostgres:StartTimeout"] = "00:05:00",
                    ["Mesh:EmbeddedPostgres:Settings:work_mem"] = "8MB",
                    ["Mesh:DataFolder"] = "/data",
                }
            )
            .Build();

        var embedded = CheckedSettings.Read(configuration).Embedded;

        Assert.Equal(
            ("/opt/pg/bin", TimeSpan.FromMinutes(5), "8MB", "/data"),
            (embedded.BinariesFolder, embedded.StartTimeout, embedded.Settings["work_mem"], embedded.DataFolder)
        );
    }

    private static string[]? Row(string variable) =>
        Document.Read("configuration.md").Rows().SingleOrDefault(r => Variable(r) == variable);

    private static string Variable(string[] row) => row[0].Trim('`').Split("__NAME")[0];

    private static void Add(TheoryData<string, string> settings, string section, object options)
    {
        foreach (var property in options.GetType().GetProperties())
        {
            var variable = $"{section}:{property.Name}".Replace(":", "__", StringComparison.Ordinal);
            // The data folder is the control plane's; the embedded PostgreSQL takes it from there.
            if (variable == "Mesh__EmbeddedPostgres__DataFolder")
                continue;
            var value = property.GetValue(options);
            settings.Add(
                variable,
                variable == "Mesh__DataFolder" ? "$XDG_DATA_HOME/coder-mesh"
                    : value is null or System.Collections.ICollection ? "none"
                    : Convert.ToString(value, CultureInfo.InvariantCulture)!
            );
        }
    }
}
