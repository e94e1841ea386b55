using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Coder.Mesh.ControlPlane.Tests.Fuzz;

/// <summary>
/// Bytes of one message: of the type's fields, with values that may break things, and then perhaps damaged.
/// </summary>
internal sealed class FuzzedMessages(FuzzedValues values)
{
    private const int MaxDepth = 6;

    private static readonly byte[][] Damage =
    [
        // A string that is not UTF-8, and one whose length is more than there is.
        [0x0a, 0x02, 0xc3, 0x28],
        [0x0a, 0x01, 0xff],
        [0x0a, 0x7f, 0x61],
        [0x0a, 0xff, 0xff, 0xff, 0xff, 0x07],
        // The number 0, a group that doesn't end, the end of one that hasn't begun, wire types that there are not.
        [0x00, 0x01],
        [0x0b, 0x0b],
        [0x0c],
        [0x0e],
        [0x0f],
        // Numbers of more than ten bytes, and of another wire type than the field's.
        [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        [0x1a, 0x03, 0x01, 0x02, 0x03],
        [0x15, 0x00, 0x00, 0xc0, 0x7f],
        // A field that nobody knows.
        [0xfa, 0x7f, 0x03, 0x61, 0x00, 0xff],
        [0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01],
    ];

    /// <summary>
    /// Of the values that are given to fields, how many are made to break things: in most messages none, or one.
    /// </summary>
    private static readonly double[] Evils = [0, 0, 0.03, 0.03, 0.3];

    public byte[] Next(Random random, MessageDescriptor type, Action<IMessage>? fix = null)
    {
        var message = Message(random, type);
        fix?.Invoke(message);
        var bytes = message.ToByteArray();
        return random.Next(10) < 7 ? bytes : Damaged(random, bytes);
    }

    public IMessage Message(Random random, MessageDescriptor type) =>
        new Maker(values, random, Evils[random.Next(Evils.Length)]).Message(type, 0);

    private static byte[] Damaged(Random random, byte[] bytes)
    {
        var list = bytes.ToList();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(list.Count + 1);
            switch (random.Next(6))
            {
                case 0 when list.Count > 0:
                    list[at % list.Count] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    list.RemoveRange(at, list.Count - at);
                    break;
                case 2:
                    list.RemoveRange(at, Math.Min(random.Next(1, 9), list.Count - at));
                    break;
                case 3:
                    list.InsertRange(at, list.GetRange(at, Math.Min(random.Next(1, 40), list.Count - at)));
                    break;
                case 4:
                    var noise = new byte[random.Next(1, 9)];
                    random.NextBytes(noise);
                    list.InsertRange(at, noise);
                    break;
                default:
                    // Between two fields more often than not: at the end.
                    list.InsertRange(random.Next(4) == 0 ? at : list.Count, Damage[random.Next(Damage.Length)]);
                    break;
            }
        }

        return [.. list];
    }

    /// <summary>Makes one message.</summary>
    private sealed class Maker(FuzzedValues values, Random random, double evil)
    {
        public IMessage Message(MessageDescriptor type, int depth)
        {
            var message = type.Parser.ParseFrom([]);
            // All of it, as good requests are, or anything.
            var share = evil > 0.1 ? 0.5 : 0.9;
            foreach (var field in type.Fields.InDeclarationOrder())
                if (random.NextDouble() < share && (depth < MaxDepth || field.FieldType != FieldType.Message))
                    Set(message, field, depth);
            return message;
        }

        private void Set(IMessage message, FieldDescriptor field, int depth)
        {
            if (field.IsMap)
            {
                var map = (IDictionary)field.Accessor.GetValue(message);
                var (key, value) = (field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
                for (var i = Count(); i > 0; i--)
                    map[One(key, depth)] = One(value, depth);
            }
            else if (field.IsRepeated)
            {
                var list = (IList)field.Accessor.GetValue(message);
                for (var i = Count(); i > 0; i--)
                    list.Add(One(field, depth));
            }
            else
                field.Accessor.SetValue(message, One(field, depth));
        }

        private int Count() => random.NextDouble() < evil ? random.Next(200) : random.Next(3);

        private object One(FieldDescriptor field, int depth) =>
            field.FieldType switch
            {
                FieldType.String => values.Text(random, field.Name, evil),
                FieldType.Bool => random.Next(2) == 0,
                FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => (int)
                    FuzzedValues.Number(random, field, evil),
                FieldType.UInt32 or FieldType.Fixed32 => (uint)FuzzedValues.Number(random, field, evil),
                FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => FuzzedValues.Number(random, field, evil),
                FieldType.UInt64 or FieldType.Fixed64 => (ulong)FuzzedValues.Number(random, field, evil),
                FieldType.Enum => Enumerated(field),
                FieldType.Message => Message(field.MessageType, depth + 1),
                _ => throw new NotSupportedException($"No values for {field.FullName}: {field.FieldType}."),
            };

        private object Enumerated(FieldDescriptor field)
        {
            var known = field.EnumType.Values;
            var number = random.NextDouble() >= evil ? known[random.Next(known.Count)].Number : random.Next(-2, 1000);
            return System.Enum.ToObject(field.EnumType.ClrType, number);
        }
    }
}
