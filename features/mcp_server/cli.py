"""`askcam mcp`: its flags."""

import os
from typing import Annotated

import typer

from askcam.server.feature import Program
from askcam.server.terminal.flags import URL, Ca, Url
from askcam.server.terminal.words import Words

told = Words(__name__)


def add_command(program: Program) -> None:
    """The program's own process speaks MCP: it needs no more of askcam than its client."""

    @program.app.command(help=told("help.mcp"))
    def mcp(
        url: Url = URL,
        ca: Ca = None,
        admin: Annotated[bool, typer.Option("--admin", help=told("help.mcp.admin"))] = False,
    ) -> None:
        """A running server's cameras for an agent, over stdin and stdout."""
        from askcam.features.mcp_server.over_stdio import serve
        from askcam.server.terminal.reach import reach

        server = reach(url, os.environ.get("ASKCAM_ADMIN_TOKEN" if admin else "ASKCAM_TOKEN"), ca)
        serve(server)
