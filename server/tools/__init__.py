"""Tools that run here when the model calls them: built in ones, MCP servers', other packages'."""
