using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Compares requests by meaning instead of bytes, because the order of map entries, mask paths and fields is up to the
/// sender and may change from call to call. Unknown fields count too, since a later version may know them.
/// </summary>
internal static class RequestHash
{
    public static byte[] Of(IMessage request)
    {
        var ordered = request.Descriptor.Parser.ParseFrom(request.ToByteArray());
        return SHA256.HashData(Ordered(ordered).ToByteArray());
    }

    /// <summary>
    /// Whether a stored hash is that of the request. Version 0.1.0 stored the hash of the received bytes.
    /// </summary>
    public static bool IsOf(byte[] stored, IMessage request) =>
        stored.AsSpan().SequenceEqual(Of(request))
        || stored.AsSpan().SequenceEqual(SHA256.HashData(request.ToByteArray()));

    /// <returns>The message in a canonical order.</returns>
    private static IMessage Ordered(IMessage message)
    {
        if (message is FieldMask mask)
            return new FieldMask { Paths = { mask.Paths.Distinct().Order(StringComparer.Ordinal) } };
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (field.FieldType != FieldType.Message)
                continue;
            var value = field.Accessor.GetValue(message);
            if (value is IDictionary map)
                Order(map);
            else if (value is IList list)
                for (var i = 0; i < list.Count; i++)
                    list[i] = Ordered((IMessage)list[i]!);
            else if (value is IMessage inner)
                field.Accessor.SetValue(message, Ordered(inner));
        }

        return OrderedUnknown(message);
    }

    private static void Order(IDictionary map)
    {
        var keys = map
            .Keys.Cast<object>()
            .OrderBy(key => Convert.ToString(key, CultureInfo.InvariantCulture), StringComparer.Ordinal)
            .ToList();
        var entries = keys.Select(key => (Key: key, Value: map[key]))
            .Select(e => (e.Key, Value: e.Value is IMessage message ? Ordered(message) : e.Value))
            .ToList();
        map.Clear();
        foreach (var (key, value) in entries)
            map.Add(key, value);
    }

    /// <summary>
    /// Sorts unknown fields by number; they are otherwise written in the order in which they were received.
    /// </summary>
    private static IMessage OrderedUnknown(IMessage message)
    {
        var bytes = message.ToByteArray();
        var rest = message.Descriptor.Parser.ParseFrom(bytes);
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
            field.Accessor.Clear(rest);
        var unknown = rest.ToByteArray();
        return unknown.Length == 0
            ? message
            : message.Descriptor.Parser.ParseFrom([
                .. bytes.AsSpan(0, bytes.Length - unknown.Length),
                .. Fields(unknown).OrderBy(f => f.Number).SelectMany(f => f.Bytes),
            ]);
    }

    private static IEnumerable<(int Number, byte[] Bytes)> Fields(byte[] bytes)
    {
        using var input = new CodedInputStream(bytes);
        while (!input.IsAtEnd)
        {
            var start = (int)input.Position;
            var tag = input.ReadTag();
            Skip(input, tag);
            yield return (WireFormat.GetTagFieldNumber(tag), bytes[start..(int)input.Position]);
        }
    }

    private static void Skip(CodedInputStream input, uint tag)
    {
        switch (WireFormat.GetTagWireType(tag))
        {
            case WireFormat.WireType.Varint:
                input.ReadUInt64();
                break;
            case WireFormat.WireType.Fixed64:
                input.ReadFixed64();
                break;
            case WireFormat.WireType.Fixed32:
                input.ReadFixed32();
                break;
            case WireFormat.WireType.LengthDelimited:
                input.ReadBytes();
                break;
            case WireFormat.WireType.StartGroup:
                while (input.ReadTag() is var inner && WireFormat.GetTagWireType(inner) != WireFormat.WireType.EndGroup)
                    Skip(input, inner);
                break;
        }
    }
}
