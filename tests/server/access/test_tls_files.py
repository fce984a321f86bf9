"""A certificate and its key, as askcam.toml and the command line name them: they fit, or one line says why not."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support.parts import need

from askcam.server.access.tls import check_tls
from askcam.server.config_errors import ConfigError


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two certificates and their keys, a.pem a.key b.pem b.key."""
    need(shutil.which("openssl") is not None, "openssl is missing: apt install openssl")
    folder = tmp_path_factory.mktemp("tls")
    for name in ("a", "b"):
        words = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN={name}"
        files = ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"]
        subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True, timeout=60)
    return folder


def test_a_certificate_and_its_key_are_taken(pairs: Path) -> None:
    check_tls(pairs / "a.pem", pairs / "a.key")
    check_tls(None, None)


def test_a_certificate_with_the_key_of_another_is_refused(pairs: Path) -> None:
    with pytest.raises(ConfigError, match=r"a\.pem and .*b\.key are not a PEM certificate and its key"):
        check_tls(pairs / "a.pem", pairs / "b.key")


def test_tls_files_that_are_not_pem_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nothing of the kind")
    with pytest.raises(ConfigError, match="are not a PEM certificate"):
        check_tls(tmp_path / "x", tmp_path / "x")


def test_one_tls_file_wants_the_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tls_key is missing"):
        check_tls(tmp_path / "cert.pem", None)
    with pytest.raises(ConfigError, match="tls_cert is missing"):
        check_tls(None, tmp_path / "key.pem")
