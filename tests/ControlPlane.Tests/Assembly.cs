using Coder.Mesh.Tests.Support.Postgres;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
