using Coder.Mesh.ControlPlane;

return await ControlPlaneProgram.Run(args);
