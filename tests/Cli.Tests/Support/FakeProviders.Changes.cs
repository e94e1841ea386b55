using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>What admins change of providers that exist.</summary>
public sealed partial class FakeProviders
{
    /// <summary>The last request that changed something, of whatever kind.</summary>
    public object? Changed { get; private set; }

    public override Task<UpdateProviderResponse> UpdateProvider(
        UpdateProviderRequest request,
        ServerCallContext context
    )
    {
        Changed = request;
        var provider = Find(request.Provider);
        provider.Details = request.Details;
        return Task.FromResult(new UpdateProviderResponse { Provider = provider });
    }

    public override Task<RenameProviderResponse> RenameProvider(
        RenameProviderRequest request,
        ServerCallContext context
    )
    {
        var provider = Find(request.Provider);
        if (All.Any(p => p.Name == request.NewName))
            throw FakeControlPlane.Rich(
                StatusCode.AlreadyExists,
                $"There is already a provider \"{request.NewName}\"; choose another name.",
                "PROVIDER_EXISTS"
            );
        provider.Name = request.NewName;
        return Task.FromResult(new RenameProviderResponse { Provider = provider });
    }

    public override Task<CordonProviderResponse> CordonProvider(
        CordonProviderRequest request,
        ServerCallContext context
    )
    {
        var provider = Find(request.Provider);
        provider.Cordon = new Cordon { Reason = request.Reason, User = "admin" };
        var warning = provider.IsDefault
            ? $"\"{provider.Name}\" is the default provider: workspaces that name no provider are refused now."
            : "";
        return Task.FromResult(new CordonProviderResponse { Provider = provider, Warning = warning });
    }

    public override Task<UncordonProviderResponse> UncordonProvider(
        UncordonProviderRequest request,
        ServerCallContext context
    )
    {
        var provider = Find(request.Provider);
        provider.Cordon = null;
        return Task.FromResult(new UncordonProviderResponse { Provider = provider });
    }

    public override Task<SetDefaultProviderResponse> SetDefaultProvider(
        SetDefaultProviderRequest request,
        ServerCallContext context
    )
    {
        var provider = Find(request.Provider);
        if (provider.Cordon is { } cordon)
            throw FakeControlPlane.Rich(
                StatusCode.FailedPrecondition,
                $"\"{provider.Name}\" is cordoned ({cordon.Reason}); uncordon it before you make it the default.",
                "PROVIDER_CORDONED"
            );
        provider.IsDefault = true;
        return Task.FromResult(new SetDefaultProviderResponse { Provider = provider });
    }

    public override Task<ForgetProviderResponse> ForgetProvider(
        ForgetProviderRequest request,
        ServerCallContext context
    )
    {
        Changed = request;
        var provider = Find(request.Provider);
        if (provider.Status != ProviderStatus.Error && !request.Force)
            throw FakeControlPlane.Rich(
                StatusCode.FailedPrecondition,
                $"\"{provider.Name}\" is {provider.Status}, not Error. Delete its workspaces, then the provider. Use --force if "
                    + "its cluster is gone.",
                "PROVIDER_NOT_LOST"
            );
        All.Remove(provider);
        var command = WorkspaceKinds.CleanupCommand("dev", provider.Id);
        return Task.FromResult(
            new ForgetProviderResponse
            {
                LostWorkspaces = provider.UnfinishedWorkspaces,
                CleanupCommand = provider.Agent is null ? "" : command,
            }
        );
    }

    public override Task<AcceptClusterResponse> AcceptCluster(AcceptClusterRequest request, ServerCallContext context)
    {
        Changed = request;
        var provider = Find(request.Provider);
        var previous = provider.Agent.NamespaceUid;
        (provider.Agent.NamespaceUid, provider.OfferedCluster) = (request.NamespaceUid, null);
        return Task.FromResult(new AcceptClusterResponse { Provider = provider, PreviousNamespaceUid = previous });
    }

    public override Task<RotateTokenResponse> RotateToken(RotateTokenRequest request, ServerCallContext context)
    {
        var provider = Find(request.Provider);
        if (provider.Tokens.Count == 2)
            provider.Tokens.Remove(provider.Tokens.First(t => !t.InUse));
        var token = new ProviderToken
        {
            Id = "0198c1e0000070008000000000000009",
            IssueTime = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
        };
        provider.Tokens.Add(token);
        return Task.FromResult(
            new RotateTokenResponse
            {
                Provider = provider,
                Token = Told,
                TokenId = token.Id,
            }
        );
    }

    public override Task<RevokeTokenResponse> RevokeToken(RevokeTokenRequest request, ServerCallContext context)
    {
        var provider = Find(request.Provider);
        var token =
            provider.Tokens.FirstOrDefault(t => t.Id == request.TokenId)
            ?? throw FakeControlPlane.Rich(
                StatusCode.NotFound,
                $"\"{provider.Name}\" has no live token {request.TokenId}; \"mesh providers show {provider.Name}\" lists them.",
                "PROVIDER_TOKEN_NOT_FOUND"
            );
        provider.Tokens.Remove(token);
        return Task.FromResult(new RevokeTokenResponse { Provider = provider });
    }
}
