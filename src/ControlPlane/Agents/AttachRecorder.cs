using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Records attaches and refused attempts, wherever they are refused: in metrics and the access log.</summary>
internal sealed class AttachRecorder(AccessRecorder access, AgentStreamMetrics metrics)
{
    /// <param name="named">The subject as the log shows it, if it differs.</param>
    public void Refused(HttpContext context, string subject, Error error, string? named = null)
    {
        metrics.Refused(error.Reason);
        Record(context, subject, error.Reason, error.Message, named);
    }

    /// <inheritdoc cref="Refused"/>
    public void Attached(HttpContext context, string subject, string named) =>
        Record(context, subject, AccessReasons.Attached, "", named);

    private void Record(HttpContext context, string subject, string reason, string message, string? named) =>
        access.Record(subject, AccessAction.Attach, reason, message, context.Connection.RemoteIpAddress, named);
}
