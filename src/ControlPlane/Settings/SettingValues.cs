using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace Coder.Mesh.ControlPlane.Settings;

/// <summary>A problem with the value of a setting.</summary>
/// <param name="Key">The setting, as a configuration key.</param>
/// <param name="Text">For an operator: the environment variable, its value, and the expected form.</param>
internal sealed record ValueProblem(string Key, string Text);

/// <summary>
/// Finds all values that an options class cannot take, by the converters of .NET's binder and the ranges of the
/// properties. The binder itself would report only the first one. Pure functions.
/// </summary>
internal static class SettingValues
{
    private const int MaxShown = 100;

    /// <summary>Returns all problems below a section that is bound to an object of this class.</summary>
    public static IEnumerable<ValueProblem> Problems<T>(IConfiguration configuration, string section)
        where T : new() => Problems(configuration, section, new T());

    public static string Problem(string key, string value, string expected) =>
        $"{SettingNames.Variable(key)} is \"{Shown(value)}\": it must be {expected}.";

    private static IEnumerable<ValueProblem> Problems(IConfiguration configuration, string section, object defaults) =>
        defaults
            .GetType()
            .GetProperties()
            .Where(property => property.CanWrite && property.GetIndexParameters().Length == 0)
            .SelectMany(property => Problems(configuration, $"{section}:{property.Name}", property, defaults));

    private static IEnumerable<ValueProblem> Problems(
        IConfiguration configuration,
        string key,
        PropertyInfo property,
        object defaults
    )
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var converter = TypeDescriptor.GetConverter(type);
        if (!converter.CanConvertFrom(typeof(string)))
            // A dictionary accepts any text.
            return typeof(IEnumerable).IsAssignableFrom(type) || property.GetValue(defaults) is not { } inner
                ? []
                : Problems(configuration, key, inner);
        return configuration[key] is { } value && !Takes(property, converter, value)
            ? [new ValueProblem(key, Problem(key, value, Expected(type, property, property.GetValue(defaults))))]
            : [];
    }

    private static bool Takes(PropertyInfo property, TypeConverter converter, string value)
    {
        try
        {
            var read = converter.ConvertFromInvariantString(value);
            return property.GetCustomAttribute<RangeAttribute>()?.IsValid(read) ?? true;
        }
        // Converters throw any exception; those of .NET throw the Exception class itself.
        catch (Exception)
        {
            return false;
        }
    }

    private static string Expected(Type type, PropertyInfo property, object? byDefault)
    {
        var range = property.GetCustomAttribute<RangeAttribute>() is { } limits
            ? string.Create(CultureInfo.InvariantCulture, $" from {limits.Minimum} to {limits.Maximum}")
            : "";
        return type == typeof(bool) ? "true or false"
            : type == typeof(TimeSpan)
                ? string.Create(CultureInfo.InvariantCulture, $"a duration{range}, such as {byDefault:c}")
            : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}"
            : $"a whole number{range}";
    }

    private static string Shown(string value) =>
        new([.. value.Take(MaxShown).Select(c => char.IsControl(c) ? '?' : c), .. value.Length > MaxShown ? "…" : ""]);
}
