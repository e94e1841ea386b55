using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>The position at which a watch continues. Opaque to callers.</summary>
/// <param name="Database">Name of the database that the position is of.</param>
internal readonly record struct ResumeToken(string Database, FeedPosition Position)
{
    private const int MaxLength = 200;

    public string ToText() =>
        Base64Url.EncodeToString(
            Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{Database}/{Position.TransactionId}/{Position.RowId}")
            )
        );

    /// <returns>Null if the text is not a resume token.</returns>
    public static ResumeToken? Parse(string text)
    {
        if (text.Length > MaxLength || !Base64Url.IsValid(text))
            return null;
        return
            Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text)).Split('/')
                is [{ Length: > 0 } database, var transaction, var row]
            && ulong.TryParse(transaction, NumberStyles.None, CultureInfo.InvariantCulture, out var transactionId)
            && long.TryParse(row, NumberStyles.None, CultureInfo.InvariantCulture, out var rowId)
            ? new ResumeToken(database, new FeedPosition(transactionId, rowId))
            : null;
    }
}
