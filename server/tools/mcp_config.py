"""[tools.mcp.NAME] of askcam.toml: where an MCP server is, and what it is given. Its values may be secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from askcam.stream.secrets import Secrets
from askcam.stream.sources.label import secrets_of

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
MIN_SECRET = 4  # characters; a shorter value is no secret, and stands in too many words


@dataclass(frozen=True, slots=True)
class McpConfig:
    """Either `command`, which is started here and spoken to over its stdin and stdout, or `url`, streamable HTTP."""

    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)  # besides PATH, HOME and their like
    cwd: str | None = None  # where the command runs; relative to the file that names it
    url: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.url):
            raise ValueError('command or url is needed, one of them: command = ["program", "argument"]')
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("url must begin with http:// or https://")
        if self.url and (self.env or self.cwd):
            raise ValueError("url stands alone or with headers; env and cwd are for a command")
        if self.command and self.headers:
            raise ValueError("headers are for a url; a command takes env")

    def redact(self, text: str) -> str:
        """`text` without what may be a secret of this server's in it: values of env and headers, and what a URL holds.
        What it says may repeat what a client asked for, so other secrets are not looked for: hiding them would tell."""
        secrets = [*self.env.values(), *self.headers.values()]
        secrets += [word for value in self.headers.values() for word in value.split()]
        if self.url:
            secrets += secrets_of(self.url)
        known = Secrets()
        known.learn("server", (secret for secret in secrets if len(secret) >= MIN_SECRET))
        return known.hide(text)
