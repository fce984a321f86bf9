"""The certificate that is shown to new connections: what lies in its files now, so that one that is renewed there needs
no restart."""

import asyncio
import logging
import os
import ssl
from pathlib import Path

from uvicorn.config import Config, create_ssl_context

from askcam.server.access.tls import check_tls
from askcam.server.config_errors import ConfigError

EVERY_S = 5.0  # between two looks at the files

log = logging.getLogger(__name__)


class Certificate:
    """Of a server whose config names one. Whoever is connected already stays so, under the one that was shown then."""

    def __init__(self, config: Config) -> None:
        assert config.ssl_certfile is not None, "served over TLS"
        assert config.ssl_keyfile is not None, "checked"
        self._config = config
        self._cert, self._key = Path(config.ssl_certfile), Path(config.ssl_keyfile)
        self._state = self._now()

    async def follow(self, every_s: float = EVERY_S) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Take what is new in the files. Blocks for as long as reading them takes."""
        state = self._now()
        if state == self._state:
            return
        self._state = state
        try:
            check_tls(self._cert, self._key)
            self._config.ssl = self._context()
        except (ConfigError, OSError) as exc:  # ssl's own errors are, too: the files changed meanwhile
            log.warning("the certificate has changed, and the earlier one is still shown: %s", exc)
        else:
            log.info("the certificate in %s was renewed", self._cert)

    def _now(self) -> list[tuple[int, int, int] | None]:
        return [_state_of(path) for path in (self._cert, self._key)]

    def _context(self) -> ssl.SSLContext:
        """As uvicorn makes it at the start."""
        config = self._config
        return create_ssl_context(
            certfile=self._cert,
            keyfile=self._key,
            password=None,
            ssl_version=config.ssl_version,
            cert_reqs=config.ssl_cert_reqs,
            ca_certs=None,
            ciphers=config.ssl_ciphers,
            alpn_protocols=getattr(config.http_protocol_class, "alpn_protocols", None),
        )


def _state_of(path: Path) -> tuple[int, int, int] | None:
    """What changes with a file's content; None: it is not there, or not to be read."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
