using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Mapping;

namespace Coder.Mesh.ControlPlane.Tests.Base;

public sealed class FieldsTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("west-1", true)]
    [InlineData("1st", true)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData("West", false)]
    [InlineData("a_b", false)]
    [InlineData("a.b", false)]
    [InlineData("a\n", false)]
    [InlineData("ä", false)]
    [InlineData("0198f00000007000800000000000cafe", false)]
    public void Names_are_labels_that_cannot_be_taken_for_ids(string name, bool valid) =>
        Assert.Equal(valid, new Fields().Name("name", name).Error is null);

    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "abc")]
    [InlineData("ab\ud83d\ude00", 3, "ab")]
    [InlineData("a\ud83d\ude00b", 3, "a\ud83d\ude00")]
    [InlineData("", 0, "")]
    public void A_cut_leaves_no_half_of_a_surrogate_pair(string text, int max, string cut)
    {
        Assert.Equal(cut, Cut.To(text, max));
        Assert.True(Fields.Short(new string('x', 63) + "\ud83d\ude00").All(c => !char.IsSurrogate(c)));
    }

    [Fact]
    public void Many_violations_are_told_in_a_few_bytes_and_the_others_are_counted()
    {
        var fields = new Fields();
        for (var i = 0; i < 100; i++)
            fields.Violated($"spec.env{i}", new string('r', 90));

        var error = fields.Error!;

        var last = error.Fields[^1];
        Assert.Equal(15, error.Fields.Count - 1);
        Assert.Equal(
            ("spec.env15", "is invalid too; 85 violations, of which this is the first, are not described"),
            (last.Field, last.Rule)
        );
        Assert.InRange(error.ToStatus().CalculateSize(), 1, 5_000);
    }

    [Fact]
    public void A_single_violation_is_told_however_long_it_is() =>
        Assert.Equal(
            2_000,
            Assert.Single(new Fields().Violated("a", new string('r', 2_000)).Error!.Fields).Rule.Length
        );

    [Fact]
    public void A_name_has_at_most_63_characters()
    {
        Assert.Null(new Fields().Name("name", new string('g', 63)).Error);
        Assert.NotNull(new Fields().Name("name", new string('g', 64)).Error);
    }

    [Fact]
    public void All_violations_are_told_at_once_each_with_its_field()
    {
        var error = new Fields()
            .Name("name", "")
            .Quantity("spec.cpu", "x", QuantityRule.Cpu)
            .Text("region", new string('r', 2000))
            .Error;

        Assert.Equal(["name", "spec.cpu", "region"], error?.Fields.Select(f => f.Field));
    }

    [Theory]
    [InlineData(-1, "", "page_size")]
    [InlineData(0, "%%", "page_token")]
    public void Nonsense_of_paging_is_refused(int size, string token, string field) =>
        Assert.Equal(field, new Fields().Page(size, token).Error?.Fields.Single().Field);
}
