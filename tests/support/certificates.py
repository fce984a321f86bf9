"""A certificate of one's own, made anew."""

import shutil
import subprocess
from pathlib import Path

from support.parts import need


def self_signed(folder: Path, name: str, alternative: str) -> tuple[Path, Path]:
    """The chain and its key, for `name`; `alternative` as in "DNS:shop.example" or "IP:127.0.0.1"."""
    need(shutil.which("openssl") is not None, "openssl is missing: apt install openssl")
    cert, key = folder / "cert.pem", folder / "key.pem"
    wanted = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}", "-days", "2"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command, *wanted], check=True, capture_output=True)
    return cert, key
