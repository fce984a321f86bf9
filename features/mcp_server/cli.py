"""`askcam mcp`: its flags."""

import os

from askcam.server.feature import Program
from askcam.server.terminal.flags import URL, Ca, Url
from askcam.server.terminal.words import Words

told = Words(__name__)


def add_command(program: Program) -> None:
    """The program's own process speaks MCP: it needs no more of askcam than its client."""

    @program.app.command(help=told("help.mcp"))
    def mcp(url: Url = URL, ca: Ca = None) -> None:
        """A running server's cameras for an agent, over stdin and stdout. Token: ASKCAM_TOKEN."""
        from askcam.features.mcp_server.over_stdio import serve
        from askcam.server.terminal.reach import reach

        server = reach(url, os.environ.get("ASKCAM_TOKEN"), ca)
        serve(server)
