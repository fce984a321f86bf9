"""How commands reach a running server: its address, its certificate, a token of the environment."""

import ssl
from pathlib import Path

from askcam.client.address import Address
from askcam.client.errors import AskcamError
from askcam.client.http import Http
from askcam.server.terminal import say
from askcam.server.terminal.words import told


def reach(url: str, token: str | None, ca: Path | None) -> Http:
    """For small requests. `ca`: a certificate to trust. Leaves with 2 for what is no address or no certificate."""
    try:
        return Http(Address.parse(url), token, trust(ca))
    except AskcamError as exc:
        say.fail(str(exc))


def trust(ca: Path | None) -> ssl.SSLContext | None:
    """What trusts the certificate beside the system's. Leaves with 2 for one that cannot be read."""
    if ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as exc:
        say.fail(told("ca", path=ca, why=exc.strerror or exc))
