using Grpc.Core;

namespace Coder.Mesh.Protocol.Client;

/// <summary>An event of a watch.</summary>
/// <param name="ResumeToken">
/// Resumes a later watch after this event; store it together with the results of the event. Empty for events of a list,
/// until <see cref="WatchSynced{T}"/>: a later watch then begins with a list.
/// </param>
public abstract record WatchEvent<T>(string ResumeToken);

/// <summary>A resource exists, was created, or was changed.</summary>
/// <param name="Resource">The new version.</param>
public sealed record ResourceChanged<T>(T Resource, string ResumeToken) : WatchEvent<T>(ResumeToken);

/// <summary>A resource has ended, was deleted, or no longer matches the filter.</summary>
/// <param name="Resource">The last version; the last reported one if the removal was found by listing again.</param>
public sealed record ResourceRemoved<T>(T Resource, string ResumeToken) : WatchEvent<T>(ResumeToken);

/// <summary>All existing resources were reported; changes follow. Repeated after a list had to be read again.</summary>
public sealed record WatchSynced<T>(string ResumeToken) : WatchEvent<T>(ResumeToken);

/// <summary>The watch was interrupted and is being resumed; reported resources may be out of date.</summary>
/// <param name="Cause">The cause.</param>
public sealed record WatchInterrupted<T>(RpcException Cause, string ResumeToken) : WatchEvent<T>(ResumeToken);

/// <summary>The watch was resumed. Changes during the interruption follow, or were reported by a list.</summary>
public sealed record WatchResumed<T>(string ResumeToken) : WatchEvent<T>(ResumeToken);
