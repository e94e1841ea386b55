using System.Globalization;
using Coder.Mesh.ControlPlane;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Storage.Embedded;

namespace Coder.Mesh.Docs.Tests;

/// <summary>Each setting is in the documentation with its real default.</summary>
public sealed class ConfigurationTests
{
    public static TheoryData<string, string> Settings()
    {
        var settings = new TheoryData<string, string>();
        Add(settings, ControlPlaneOptions.Section, new ControlPlaneOptions());
        Add(settings, AgentStreamOptions.Section, new AgentStreamOptions());
        Add(settings, EmbeddedPostgresOptions.Section, new EmbeddedPostgresOptions());
        return settings;
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Every_setting_is_documented_with_its_default(string variable, string standard)
    {
        var row = Document
            .Read("configuration.md")
            .Rows()
            .SingleOrDefault(r => r[0].Trim('`').Split("__NAME")[0] == variable);

        Assert.True(row is not null, $"{variable} is not in docs/configuration.md.");
        Assert.Equal(standard, row[1].Trim('`'));
    }

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
