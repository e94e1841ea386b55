using Grpc.Core;

namespace Coder.Mesh.Protocol.Client;

/// <summary>What a watch tells.</summary>
/// <param name="ResumeToken">
/// Where a later watch goes on after this: keep it with what you have made of the event. Empty while a list is told, until
/// its <see cref="WatchSynced{T}"/>: a later watch then begins with a list.
/// </param>
public abstract record WatchEvent<T>(string ResumeToken);

/// <summary>A resource is there, new, or changed.</summary>
/// <param name="Resource">In its new version.</param>
public sealed record ResourceChanged<T>(T Resource, string ResumeToken) : WatchEvent<T>(ResumeToken);

/// <summary>A resource has ended or was deleted, or the filter doesn't let it through any longer.</summary>
/// <param name="Resource">As it was last told, where it went unseen.</param>
public sealed record ResourceRemoved<T>(T Resource, string ResumeToken) : WatchEvent<T>(ResumeToken);

/// <summary>All that there is has been told; from here on it is changes. Comes again after a list had to be read again.</summary>
public sealed record WatchSynced<T>(string ResumeToken) : WatchEvent<T>(ResumeToken);

/// <summary>The watch was cut, and is being made again; what was told may be behind what is.</summary>
/// <param name="Cause">Why.</param>
public sealed record WatchInterrupted<T>(RpcException Cause, string ResumeToken) : WatchEvent<T>(ResumeToken);

/// <summary>The watch that was cut is there again. What has happened meanwhile comes after it, or came with a list.</summary>
public sealed record WatchResumed<T>(string ResumeToken) : WatchEvent<T>(ResumeToken);
