"""Certificates of one's own, made anew: one that signs itself, or an authority and what it has signed."""

import shutil
import subprocess
from pathlib import Path

from support.parts import need

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")  # a key in milliseconds
EXPIRED = -1  # days


def self_signed(folder: Path, name: str, alternative: str) -> tuple[Path, Path]:
    """The chain and its key, for `name`; `alternative` as in "DNS:shop.example" or "IP:127.0.0.1"."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    wanted = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}", "-days", "2"]
    _openssl("req", "-x509", *CURVE, "-keyout", str(key), "-out", str(cert), *wanted)
    return cert, key


class Authority:
    """Whoever trusts `ca` trusts all that it signs."""

    def __init__(self, folder: Path, name: str = "an authority") -> None:
        self.ca, self._key, self._folder = folder / "ca.pem", folder / "ca.key", folder
        if self.ca.exists():
            return  # as it was made there
        files = ["-keyout", str(self._key), "-out", str(self.ca)]
        _openssl("req", "-x509", *CURVE, *files, "-subj", f"/CN={name}", "-days", "2")

    def signed(self, name: str, alternative: str = "IP:127.0.0.1", days: int = 2) -> tuple[Path, Path]:
        """A certificate and its key, in files of that name; signed anew, they are renewed."""
        cert, key, request = (self._folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        wanted = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}"]
        _openssl("req", *CURVE, "-keyout", str(key), "-out", str(request), *wanted)
        signing = ["-in", str(request), "-CA", str(self.ca), "-CAkey", str(self._key), "-copy_extensions", "copy"]
        _openssl("x509", "-req", *signing, "-days", str(days), "-out", str(cert))
        return cert, key


def _openssl(*words: str) -> None:
    need(shutil.which("openssl") is not None, "openssl is missing: apt install openssl")
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)
