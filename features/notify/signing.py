"""Signatures of webhooks as the Standard Webhooks specification, version 1, has them: HMAC-SHA256. Pure."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
LEAST, MOST = 24, 64  # bytes of a secret
FRESH = (
    "make one with: python3 -c 'import base64, secrets; "
    'print("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())\''
)


def read_secrets(text: str | None) -> tuple[bytes, ...]:
    """The keys of "whsec_…", or of two with a blank between them: the new one and the one before it.

    Raises ValueError, which does not show them.
    """
    secrets = (text or "").split()
    if not secrets:
        raise ValueError(f"secret is missing: a webhook is signed with it; {FRESH}")
    if len(secrets) > 2:
        raise ValueError("secret has more than two parts: write the new one, a blank, and the one before it")
    return tuple(map(_read, secrets))


def _read(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not LEAST <= len(key) <= MOST:
        raise ValueError(f"secret is not {PREFIX} and {LEAST} to {MOST} bytes in base64; {FRESH}")
    return key


def sign(keys: tuple[bytes, ...], name: str, timestamp: int, body: bytes) -> list[tuple[str, str]]:
    """The three headers of a request. `name`: the same at each try; `timestamp`: of this try, seconds since the epoch.

    Each key makes a signature; who has one of the keys can verify.
    """
    signed = f"{name}.{timestamp}.".encode() + body
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    signatures = " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
    return [("webhook-id", name), ("webhook-timestamp", str(timestamp)), ("webhook-signature", signatures)]
