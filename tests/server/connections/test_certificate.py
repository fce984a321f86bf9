"""A certificate is renewed in its files while it is shown: the next connection sees the new one, never half of it."""

import logging
import ssl
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority
from uvicorn.config import Config

from askcam.server.connections.certificate import Certificate


async def app(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("nobody asks anything here")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def config(authority: Authority) -> Config:
    cert, key = authority.signed("server", "DNS:server")
    config = Config(app, ssl_certfile=cert, ssl_keyfile=key, log_config=None)
    config.load()
    return config


def shown(config: Config, authority: Authority) -> bytes:
    """The certificate that a client is shown, which trusts it. Over memory, both sides in turns."""
    trusts = ssl.create_default_context(cafile=authority.ca)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    assert config.ssl is not None
    server = config.ssl.wrap_bio(to_server, to_client, server_side=True)
    client = trusts.wrap_bio(to_client, to_server, server_hostname="server")
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    found = client.getpeercert(binary_form=True)
    assert found is not None
    return found


def test_what_is_renewed_is_shown(authority: Authority, config: Config) -> None:
    certificate, first = Certificate(config), shown(config, authority)
    certificate.look()
    assert shown(config, authority) == first
    authority.signed("server", "DNS:server")
    certificate.look()
    assert shown(config, authority) != first


@pytest.mark.parametrize("missing", ["server.key", "server.pem"])
def test_while_only_one_file_is_new_the_earlier_certificate_is_shown(
    authority: Authority, config: Config, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, first = Certificate(config), shown(config, authority)
    file = authority.ca.parent / missing
    earlier = file.read_bytes()
    authority.signed("server", "DNS:server")
    new = file.read_bytes()
    for half in (earlier, new[: len(new) // 2], None):
        file.unlink() if half is None else file.write_bytes(half)
        with caplog.at_level(logging.WARNING):
            certificate.look()
        assert shown(config, authority) == first
        assert "earlier one is still shown" in caplog.text
        caplog.clear()
        certificate.look()  # as before: it is said once
        assert caplog.text == ""
    file.write_bytes(new)
    certificate.look()
    assert shown(config, authority) != first
