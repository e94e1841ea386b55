using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Tests.Rules.Model;

/// <summary>Something that a caller asks for, and what must come of it.</summary>
internal abstract record Operation
{
    protected const string Ok = "ok";

    /// <returns>"ok" or the refusal's reason, and the state after it.</returns>
    public abstract (string Answer, ModelState After) Apply(ModelState s);

    /// <summary>Something other than the API does it, in several steps: nobody else acts meanwhile.</summary>
    public virtual bool Alone => false;

    internal sealed record CreateProvider(string Name, int Max) : Operation
    {
        public override (string, ModelState) Apply(ModelState s) =>
            s.Providers.ContainsKey(Name)
                ? (ErrorReasons.ProviderExists, s)
                : (Ok, s with { Providers = s.Providers.Add(Name, new ModelProvider(false, false, false, Max)) });
    }

    /// <summary>Its agent attaches for the first time.</summary>
    internal sealed record Attach(string Name) : Operation
    {
        public override bool Alone => true;

        public override (string, ModelState) Apply(ModelState s) => OnProvider(s, Name, p => p with { Ready = true });
    }

    internal sealed record Rename(string Name, string To) : Operation
    {
        public override (string, ModelState) Apply(ModelState s) =>
            !s.Providers.ContainsKey(Name) ? (ErrorReasons.ProviderNotFound, s)
            : Name == To ? (Ok, s)
            : s.Providers.ContainsKey(To) ? (ErrorReasons.ProviderExists, s)
            : (Ok, s.Renamed(Name, To));
    }

    internal sealed record Limit(string Name, int Max) : Operation
    {
        public override (string, ModelState) Apply(ModelState s) => OnProvider(s, Name, p => p with { Max = Max });
    }

    internal sealed record SetCordon(string Name, bool On) : Operation
    {
        public override (string, ModelState) Apply(ModelState s) => OnProvider(s, Name, p => p with { Cordoned = On });
    }

    internal sealed record SetDefault(string Name) : Operation
    {
        public override (string, ModelState) Apply(ModelState s) =>
            !s.Providers.TryGetValue(Name, out var provider) ? (ErrorReasons.ProviderNotFound, s)
            : provider.Cordoned ? (ErrorReasons.ProviderCordoned, s)
            : (Ok, s with { Default = Name });
    }

    internal sealed record Delete(string Name) : Operation
    {
        public override (string, ModelState) Apply(ModelState s) =>
            Kept(s, Name) is { } kept ? (kept, s)
            : s.Held(Name) > 0 ? (ErrorReasons.ProviderInUse, s)
            : s.Organizations.Values.Any(o => o.Count == 1 && o.Contains(Name))
                ? (ErrorReasons.ProviderLastOfOrganization, s)
            : (Ok, s.Without(Name));
    }

    internal sealed record Forget(string Name, bool Force) : Operation
    {
        public override (string, ModelState) Apply(ModelState s) =>
            Kept(s, Name) is { } kept ? (kept, s)
            : !Force ? (ErrorReasons.ProviderNotLost, s)
            : (Ok, s.Without(Name));
    }

    internal sealed record CreateOrganization(string Name) : Operation
    {
        public override (string, ModelState) Apply(ModelState s)
        {
            if (s.Organizations.ContainsKey(Name))
                return (ErrorReasons.OrganizationExists, s);
            var builtIn = s.Providers.Single(p => p.Value.BuiltIn).Key;
            return (Ok, s with { Organizations = s.Organizations.Add(Name, [builtIn]) });
        }
    }

    internal sealed record DeleteOrganization(string Name) : Operation
    {
        public override (string, ModelState) Apply(ModelState s) =>
            !s.Organizations.ContainsKey(Name) ? (ErrorReasons.OrganizationNotFound, s)
            : s.Workspaces.Keys.Any(w => w.StartsWith($"{Name}/", StringComparison.Ordinal))
                ? (ErrorReasons.OrganizationInUse, s)
            : (Ok, s with { Organizations = s.Organizations.Remove(Name) });
    }

    internal sealed record Allow(string Organization, string Provider) : Operation
    {
        public override (string, ModelState) Apply(ModelState s) =>
            Missing(s, Organization, Provider) is { } missing
                ? (missing, s)
                : (Ok, WithAllowed(s, Organization, s.Organizations[Organization].Add(Provider)));
    }

    internal sealed record Disallow(string Organization, string Provider) : Operation
    {
        public override (string, ModelState) Apply(ModelState s)
        {
            if (Missing(s, Organization, Provider) is { } missing)
                return (missing, s);
            var allowed = s.Organizations[Organization];
            if (!allowed.Contains(Provider))
                return (Ok, s);
            if (
                s.Workspaces.Any(w =>
                    w.Value.Provider == Provider && w.Key.StartsWith($"{Organization}/", StringComparison.Ordinal)
                )
            )
                return (ErrorReasons.OrganizationUsesProvider, s);
            return allowed.Count == 1
                ? (ErrorReasons.ProviderLastOfOrganization, s)
                : (Ok, WithAllowed(s, Organization, allowed.Remove(Provider)));
        }
    }

    /// <param name="Provider">Empty for the default one.</param>
    internal sealed record Place(string Organization, string Name, string Provider) : Operation
    {
        public override (string, ModelState) Apply(ModelState s)
        {
            var target = Provider.Length > 0 ? Provider : s.Default;
            if (Missing(s, Organization, target) is { } missing)
                return (missing, s);
            var causes = Causes(s, target).ToList();
            if (causes.Count > 0)
                return ($"{ErrorReasons.PlacementRefused} {string.Join(',', causes)}", s);
            var key = ModelState.Key(Organization, Name);
            return s.Workspaces.ContainsKey(key)
                ? (ErrorReasons.WorkspaceExists, s)
                : (Ok, s with { Workspaces = s.Workspaces.Add(key, new ModelWorkspace(target, false)) });
        }

        private IEnumerable<string> Causes(ModelState s, string target)
        {
            var provider = s.Providers[target];
            if (!s.Organizations[Organization].Contains(target))
                yield return Placement.NotAllowed;
            if (!provider.Ready)
                yield return Placement.NotReady;
            if (provider.Cordoned)
                yield return Placement.Cordoned;
            if (provider.Max > 0 && s.Held(target) >= provider.Max)
                yield return Placement.AtCapacity;
        }
    }

    internal sealed record Remove(string Organization, string Name) : Operation
    {
        public override (string, ModelState) Apply(ModelState s)
        {
            var key = ModelState.Key(Organization, Name);
            if (!s.Organizations.ContainsKey(Organization))
                return (ErrorReasons.OrganizationNotFound, s);
            return s.Workspaces.TryGetValue(key, out var workspace)
                ? (Ok, s with { Workspaces = s.Workspaces.SetItem(key, workspace with { Deleting = true }) })
                : (ErrorReasons.WorkspaceNotFound, s);
        }
    }

    /// <summary>The agents report that all that is being deleted has gone.</summary>
    internal sealed record AgentsFinish : Operation
    {
        public override bool Alone => true;

        public override (string, ModelState) Apply(ModelState s) =>
            (
                Ok,
                s with
                {
                    Workspaces = s.Workspaces.RemoveRange(s.Workspaces.Where(w => w.Value.Deleting).Select(w => w.Key)),
                }
            );
    }

    private static (string, ModelState) OnProvider(
        ModelState s,
        string name,
        Func<ModelProvider, ModelProvider> change
    ) =>
        s.Providers.TryGetValue(name, out var provider)
            ? (Ok, s with { Providers = s.Providers.SetItem(name, change(provider)) })
            : (ErrorReasons.ProviderNotFound, s);

    private static string? Kept(ModelState s, string name) =>
        !s.Providers.TryGetValue(name, out var provider) ? ErrorReasons.ProviderNotFound
        : provider.BuiltIn ? ErrorReasons.ProviderBuiltIn
        : s.Default == name ? ErrorReasons.ProviderIsDefault
        : null;

    private static string? Missing(ModelState s, string organization, string provider) =>
        !s.Organizations.ContainsKey(organization) ? ErrorReasons.OrganizationNotFound
        : !s.Providers.ContainsKey(provider) ? ErrorReasons.ProviderNotFound
        : null;

    private static ModelState WithAllowed(
        ModelState s,
        string organization,
        System.Collections.Immutable.ImmutableSortedSet<string> allowed
    ) => s with { Organizations = s.Organizations.SetItem(organization, allowed) };
}
