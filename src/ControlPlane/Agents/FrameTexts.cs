using System.Collections;
using System.Collections.Frozen;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Shared;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Cleans every text of an agent's frame before anything reads it. The fields come from the descriptors, so that a new
/// one is covered without a change here.
/// </summary>
internal static class FrameTexts
{
    /// <summary>
    /// Fields with rules of their own: ids, which are refused if they are not valid, and what a workspace runs, which
    /// is kept as it is.
    /// </summary>
    public static readonly FrozenSet<string> Excluded = FrozenSet.Create(
        "coder.mesh.agent.v1.WorkspaceObserved.workspace_id",
        "coder.mesh.v1.TimelineEntry.id",
        "coder.mesh.v1.WorkspaceSpec.command",
        "coder.mesh.v1.WorkspaceSpec.env",
        "coder.mesh.v1.WorkspaceSpec.env_from"
    );

    // Of each message with texts: the fields that are texts, or messages with texts.
    private static readonly FrozenDictionary<MessageDescriptor, FieldDescriptor[]> Fields = Find();

    public static void Clean(ConnectRequest frame) => CleanMessage(frame);

    private static void CleanMessage(IMessage message)
    {
        foreach (var field in Fields[message.Descriptor])
        {
            var value = field.Accessor.GetValue(message);
            if (value is string text)
                Set(text, clean => field.Accessor.SetValue(message, clean), field);
            else if (value is IMessage part)
                CleanMessage(part);
            else if (value is IList list)
                CleanList(list, field);
        }
    }

    private static void CleanList(IList list, FieldDescriptor field)
    {
        for (var i = 0; i < list.Count; i++)
        {
            var at = i;
            if (list[i] is IMessage part)
                CleanMessage(part);
            else if (list[i] is string text)
                Set(text, clean => list[at] = clean, field);
        }
    }

    // An optional field that is not set must stay so.
    private static void Set(string text, Action<string> set, FieldDescriptor field)
    {
        var clean = field.Name == "code" ? CleanText.Code(text) : CleanText.Clean(text);
        if (clean != text)
            set(clean);
    }

    private static FrozenDictionary<MessageDescriptor, FieldDescriptor[]> Find()
    {
        var found = new Dictionary<MessageDescriptor, FieldDescriptor[]>();
        Add(ConnectRequest.Descriptor);
        return found.ToFrozenDictionary();

        bool Add(MessageDescriptor message)
        {
            if (!found.TryGetValue(message, out var fields))
                found[message] = fields = [.. message.Fields.InDeclarationOrder().Where(HasTexts)];
            return fields.Length > 0;
        }

        bool HasTexts(FieldDescriptor field) =>
            !Excluded.Contains(field.FullName)
            && (
                field.FieldType == FieldType.String || (field.FieldType == FieldType.Message && Add(field.MessageType))
            );
    }
}
