"""The certificate that the server shows, and its key: whether they can be used is said before anything is started."""

import ssl
from pathlib import Path

from askcam.server.config_errors import ConfigError


def check_tls(cert: Path | None, key: Path | None) -> None:
    """Raise ConfigError unless both files are there and fit each other, or neither is named."""
    if cert is None and key is None:
        return
    if cert is None or key is None:
        missing, named = ("tls_cert", key) if cert is None else ("tls_key", cert)
        raise ConfigError(f"TLS needs both files: {missing} is missing beside {named}")
    for path in (cert, key):
        try:
            path.open("rb").close()
        except OSError as exc:
            raise ConfigError(f"cannot read the TLS file {path}: {exc.strerror}") from exc
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: "")
    except (ssl.SSLError, ValueError) as exc:
        reason = getattr(exc, "reason", None) or str(exc)
        raise ConfigError(
            f"{cert} and {key} are not a PEM certificate and its key without a password ({reason}); try another pair"
        ) from exc
