using Coder.Mesh.Agent;
using Coder.Mesh.Agent.Configuration;

return await AgentCommand.Run(args, AgentHost.Run);
