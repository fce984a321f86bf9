"""Ways of asking that people choose by name."""

from mcp.server.mcpserver import MCPServer

from askcam.features.mcp_server.told import Asking


def offer(server: MCPServer, asking: Asking) -> None:
    """`asking` is not needed: prompts are words only."""

    @server.prompt(title="What is going on?")
    def look(camera: str) -> str:
        """Describe what a camera shows now."""
        return (
            f"Look at the camera {camera!r} (ask_camera, snapshot) and describe what is going on. Say how old the "
            "picture is."
        )

    @server.prompt(title="What has happened?")
    def recap(camera: str, since: str = "yesterday") -> str:
        """Sum up what a camera has seen."""
        return (
            f"Sum up what has happened before the camera {camera!r} since {since}: use events and search_timeline, "
            "give times, and name the entries."
        )

    @server.prompt(title="Tell me when …")
    def watch_for(what: str, camera: str) -> str:
        """Have something watched for."""
        return (
            f"I want to be told when this is so before the camera {camera!r}: {what}. Ask the camera once whether it "
            "is so now, then propose a watch (propose_watch) with a question that yes answers while it is true, and "
            "tell me its id."
        )
