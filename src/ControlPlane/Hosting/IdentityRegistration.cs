using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Hosting;

internal static class IdentityRegistration
{
    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        // Not AddAuthentication: it adds Data Protection, which is not used and would write keys to the user's home
        // directory.
        services.AddAuthenticationCore(o => o.DefaultScheme = TokenAuthentication.SchemeName);
        services.AddWebEncoders();
        new AuthenticationBuilder(services).AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(
            TokenAuthentication.SchemeName,
            null
        );
        services
            .AddAuthorizationBuilder()
            .AddPolicy(Policies.Agent, p => p.RequireClaim(Caller.KindClaim, nameof(TokenKind.Provider)))
            .AddPolicy(Policies.SiteAdmin, p => p.RequireClaim(Caller.KindClaim, nameof(TokenKind.Api)));
        services.AddSingleton(s =>
        {
            var stream = s.GetRequiredService<IOptions<AgentStreamOptions>>().Value;
            return new TokenLimits(stream.AttachesPerMinute, stream.ConcurrentLookups, stream.WaitingLookups);
        });
        services.AddSingleton<TokenLookupLimiter>();
        services.AddSingleton<TokenLookups>();
        services.AddSingleton<ApiTokens>();
        return services;
    }
}
