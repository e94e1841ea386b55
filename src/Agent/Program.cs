using Coder.Mesh.Agent;

return await AgentCommand.Run(args, AgentHost.Run);
