using System.Collections;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Operations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.V1;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using ProviderDetails = Coder.Mesh.V1.ProviderDetails;
using ProviderKind = Coder.Mesh.ControlPlane.Providers.ProviderKind;
using Toleration = Coder.Mesh.V1.Toleration;

namespace Coder.Mesh.ControlPlane.Tests.Mapping;

/// <summary>No place that converts a provider's details may miss one. The expected details come from the proto.</summary>
public sealed class ProviderDetailsTests
{
    private static readonly IList<FieldDescriptor> Details = ProviderDetails.Descriptor.Fields.InFieldNumberOrder();

    [Fact]
    public void Every_detail_is_stored_and_shown()
    {
        var details = Sample("a", 1);

        Assert.Equal(details, ProviderMapping.ToProto(ProviderMapping.FromProto(details)));
    }

    [Fact]
    public void An_update_replaces_only_the_details_of_its_mask()
    {
        foreach (var detail in Details)
        foreach (var (given, wanted) in new[] { (true, Sample("b", 2)), (false, new ProviderDetails()), (false, null) })
        {
            var expected = Sample("a", 1);
            detail.Accessor.Clear(expected);
            if (given)
                Set(expected, detail, "b", 2);

            Assert.Equal(expected, Updated(wanted, $"details.{detail.Name}"));
        }
    }

    [Fact]
    public void An_update_of_all_details_replaces_all()
    {
        Assert.Equal(Sample("b", 2), Updated(Sample("b", 2), "details"));
        Assert.Equal(Sample("b", 2), Updated(Sample("b", 2), "details.region", "details"));
        Assert.Equal(new ProviderDetails(), Updated(null, "details"));
    }

    [Fact]
    public void A_mask_may_name_each_detail_and_no_other_field()
    {
        var known = new FieldMask { Paths = { "details", Details.Select(d => $"details.{d.Name}") } };
        var unknown = new FieldMask { Paths = { "details.unknown" } };

        Assert.Null(ProviderRequests.Check("a").Mask(known).Error);
        Assert.Equal(
            $"update_mask: \"details.unknown\" is none of {string.Join(", ", known.Paths)}",
            ProviderRequests.Check("a").Mask(unknown).Error?.Message
        );
    }

    [Fact]
    public void A_text_that_is_too_long_is_an_error_of_its_field()
    {
        foreach (var detail in Details.Where(IsText))
        {
            var details = new ProviderDetails();
            detail.Accessor.SetValue(details, new string('x', 1025));

            var violation = Assert.Single(ProviderRequests.Check("a").Details(details).Error?.Fields ?? []);
            Assert.Equal($"details.{detail.Name}", violation.Field);
        }
    }

    [Fact]
    public void The_history_describes_a_change_of_each_detail()
    {
        var before = ProviderMapping.FromProto(Sample("a", 1));
        var registered = new ProviderRegistered("1", "a", ProviderKind.Remote, before, DateTimeOffset.UnixEpoch);
        foreach (var detail in Details)
        {
            var changed = new ProviderDetailsChanged(ProviderMapping.FromProto(With(detail)));
            var text = HistoryText.Of(changed, HistoryState.Unknown.After(registered), HistoryNames.None);

            Assert.StartsWith("details changed: ", text, StringComparison.Ordinal);
        }
    }

    private static ProviderDetails Updated(ProviderDetails? wanted, params string[] mask)
    {
        var request = new UpdateProviderRequest
        {
            Details = wanted,
            UpdateMask = new FieldMask { Paths = { mask } },
        };
        var change = ProviderRequests.Change(request);
        var current = ProviderMapping.FromProto(Sample("a", 1));
        // A write that is retried applies the change again.
        change(current);
        return ProviderMapping.ToProto(change(current));
    }

    private static bool IsText(FieldDescriptor detail) =>
        detail is { FieldType: FieldType.String, IsRepeated: false, HasPresence: false };

    private static ProviderDetails With(FieldDescriptor changed)
    {
        var details = Sample("a", 1);
        changed.Accessor.Clear(details);
        Set(details, changed, "b", 2);
        return details;
    }

    private static ProviderDetails Sample(string text, int number)
    {
        var details = new ProviderDetails();
        foreach (var detail in Details)
            Set(details, detail, text, number);
        return details;
    }

    private static void Set(ProviderDetails details, FieldDescriptor detail, string text, int number)
    {
        var value = $"{detail.Name}-{text}";
        if (detail.IsMap)
            ((IDictionary)detail.Accessor.GetValue(details)).Add($"key-{text}", value);
        else if (detail is { IsRepeated: true, FieldType: FieldType.Message })
            ((IList)detail.Accessor.GetValue(details)).Add(new Toleration { Key = value, TolerationSeconds = number });
        else if (detail.IsRepeated)
            ((IList)detail.Accessor.GetValue(details)).Add(value);
        else
            detail.Accessor.SetValue(details, detail.FieldType == FieldType.Int32 ? number : value);
    }
}
