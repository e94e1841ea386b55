using System.Collections;
using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Rules for every request: text that PostgreSQL can store, and timestamps and durations within protobuf's range. They
/// are applied to all fields by reflection, so that new fields need no code.
/// </summary>
internal static class MessageRules
{
    private const string TextRule = "must not contain NUL (U+0000) or half of a surrogate pair";
    private const string TimestampRule =
        "must be a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z, with 0 to 999999999 nanoseconds";
    private const string DurationRule =
        "must be from -315576000000 to 315576000000 seconds, with at most 999999999 nanoseconds of the same sign";

    private const long MinTimestamp = -62_135_596_800;
    private const long MaxTimestamp = 253_402_300_799;
    private const long MaxDuration = 315_576_000_000;
    private const int MaxNanos = 999_999_999;

    /// <summary>The fields of each message type that can violate a rule.</summary>
    private static readonly ConcurrentDictionary<MessageDescriptor, FieldDescriptor[]> Checked = new();

    public static Fields Check(object request)
    {
        var fields = new Fields();
        if (request is IMessage message)
            Check(message, "", fields, []);
        return fields;
    }

    /// <returns>The violated rule; null if there is none.</returns>
    public static string? Violation(Timestamp time) =>
        time is { Seconds: >= MinTimestamp and <= MaxTimestamp, Nanos: >= 0 and <= MaxNanos } ? null : TimestampRule;

    /// <inheritdoc cref="Violation(Timestamp)"/>
    public static string? Violation(Duration duration) =>
        duration is { Seconds: >= -MaxDuration and <= MaxDuration, Nanos: >= -MaxNanos and <= MaxNanos }
        && Math.Sign(duration.Seconds) * Math.Sign(duration.Nanos) >= 0
            ? null
            : DurationRule;

    private static void Check(IMessage message, string path, Fields fields, HashSet<string> named)
    {
        foreach (var field in Checked.GetOrAdd(message.Descriptor, Checkable))
        {
            var value = field.Accessor.GetValue(message);
            var name = $"{path}{field.Name}";
            if (value is IDictionary map)
            {
                Each(map.Keys, name, fields, named);
                Each(map.Values, name, fields, named);
            }
            else if (value is IList list)
                Each(list, name, fields, named);
            else
                One(value, name, fields, named);
        }
    }

    private static void Each(IEnumerable values, string name, Fields fields, HashSet<string> named)
    {
        foreach (var value in values)
            One(value, name, fields, named);
    }

    private static void One(object? value, string name, Fields fields, HashSet<string> named)
    {
        var rule = value switch
        {
            string text => IsText(text) ? null : TextRule,
            Timestamp time => Violation(time),
            Duration duration => Violation(duration),
            _ => null,
        };
        // Once for each field: a list of a million items must not be answered with a million violations.
        if (rule is not null && named.Add(name))
            fields.Violated(name, rule);
        if (rule is null && value is IMessage message)
            Check(message, $"{name}.", fields, named);
    }

    private static bool IsText(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                return false;
            i++;
        }

        return true;
    }

    private static FieldDescriptor[] Checkable(MessageDescriptor type) =>
        [
            .. type
                .Fields.InDeclarationOrder()
                .Where(f => f.IsMap || f.FieldType is FieldType.String or FieldType.Message),
        ];
}
