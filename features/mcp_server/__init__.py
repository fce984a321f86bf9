"""askcam as an MCP server: its cameras as tools, resources and prompts of whoever runs an agent."""
