"""An MCP server with three tools over the tables in data/: flight status, weather, parcel tracking.

    python examples/tools/desk_info.py                    over stdin and stdout, as askcam starts it
    python examples/tools/desk_info.py --http --port 8800  over streamable HTTP, at http://127.0.0.1:8800/mcp

With --http it prints one line of JSON, {"url": ...}, once it listens; port 0 takes any free one.
"""

import argparse
import csv
import json
import socket
from pathlib import Path

import uvicorn
from mcp.server.mcpserver import MCPServer

DATA = Path(__file__).parent / "data"

server = MCPServer("desk-info", instructions="Flights, weather and parcels of a day in March, as a test sees them.")


def row(table: str, column: str, wanted: str) -> str:
    """The line of a table whose `column` is `wanted`, as JSON without its empty fields; or that there is none."""
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        for each in csv.DictReader(file):
            if each[column].casefold() == wanted.strip().casefold():
                return json.dumps({name: value for name, value in each.items() if value}, ensure_ascii=False)
    return json.dumps({"error": "not found", column: wanted[:80]}, ensure_ascii=False)


@server.tool(structured_output=False)
def flight_status(flight: str) -> str:
    """Get the status, gate and departure time of a flight, by its number such as LH400."""
    return row("flights", "flight", flight.replace(" ", ""))


@server.tool(structured_output=False)
def weather(city: str) -> str:
    """Get the weather for a city."""
    return row("weather", "city", city)


@server.tool(structured_output=False)
def track_parcel(number: str) -> str:
    """Track a parcel: where it is and when it arrives, by its number such as PK1001."""
    return row("parcels", "number", number)


def serve_http(port: int) -> None:
    """On loopback, until it is ended."""
    with socket.create_server(("127.0.0.1", port)) as sock:
        print(json.dumps({"url": f"http://127.0.0.1:{sock.getsockname()[1]}/mcp"}), flush=True)
        config = uvicorn.Config(server.streamable_http_app(), log_level="warning")
        uvicorn.Server(config).run(sockets=[sock])


def main() -> None:
    parser = argparse.ArgumentParser(description="Flight status, weather and parcel tracking as MCP tools.")
    parser.add_argument("--http", action="store_true", help="serve streamable HTTP instead of stdin and stdout")
    parser.add_argument("--port", type=int, default=8800)
    args = parser.parse_args()
    if args.http:
        serve_http(args.port)
    else:
        server.run("stdio")


if __name__ == "__main__":
    main()
