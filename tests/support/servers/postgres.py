"""A real PostgreSQL in a folder of its own, on a free port, for one file of tests."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.parts import need
from support.ports import own_port
from support.waiting import until

ROOT = Path("/usr/lib/postgresql")  # Debian's, which puts neither of the two on the PATH
USER, PASSWORD = "askcam", "pass-word-of-postgres/1"
UNSAFE = "-c fsync=off -c full_page_writes=off -c synchronous_commit=on -c max_connections=40 -c shared_buffers=16MB"


def binaries() -> Path | None:
    """The folder of the newest `initdb` and `postgres`."""
    found = sorted(ROOT.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def unprivileged() -> list[str]:
    """How to run a command as somebody whom PostgreSQL allows it: root may not."""
    if os.geteuid() != 0:
        return []
    name = next(name for name in ("postgres", "nobody") if name in {each.pw_name for each in pwd.getpwall()})
    return ["setpriv", "--reuid", name, "--regid", str(pwd.getpwnam(name).pw_gid), "--clear-groups"]


@dataclass
class Postgres:
    folder: Path
    port: int
    bin: Path
    process: "subprocess.Popen[bytes] | None" = None
    num_made: int = 0
    urls: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Start it, where it was before; it takes connections."""
        command = ["setpriv", "--pdeathsig", "QUIT", *unprivileged()[1:]]  # it ends with the tests, however they end
        command += [str(self.bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        log = (self.folder / "log").open("ab")
        options = ["-c", "listen_addresses=127.0.0.1", "-k", str(self.folder), *UNSAFE.split()]
        self.process = subprocess.Popen([*command, *options], stdout=log, stderr=log, cwd=self.folder)
        log.close()
        until(self._answers, "PostgreSQL to begin", 120.0, 0.05)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=60):
            return self.asked("SELECT 1") == [(1,)]
        return False

    def end(self) -> None:
        """At once, with all its connections."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(60)

    def kill(self) -> None:
        """As a machine does that loses power."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait(60)

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://{USER}:{password.replace('/', '%2F')}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The address of a new one."""
        self.num_made += 1
        name = f"made{self.num_made}"
        self.asked(f"CREATE DATABASE {name}")
        return self.url(name)

    def asked(self, sql: str, url: str | None = None) -> list[Any]:
        """Something small. Raises OSError where nobody is there."""
        import psycopg

        try:
            with psycopg.connect(url or self.url("postgres"), autocommit=True, connect_timeout=60) as db:
                found = db.execute(sql)  # type: ignore[call-overload]
                return found.fetchall() if found.description else []
        except psycopg.OperationalError as exc:
            raise OSError(str(exc)) from exc


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Skips, or fails in CI, where there is none."""
    folder_of_binaries = binaries()
    need(folder_of_binaries is not None, "there is no PostgreSQL: apt install postgresql")
    assert folder_of_binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="askcam-postgres-"))
    port = own_port()
    made = Postgres(folder, port, folder_of_binaries)
    try:
        (folder / "password").write_text(PASSWORD)
        if unprivileged():
            subprocess.run(["chown", "-R", unprivileged()[2], str(folder)], check=True, timeout=60)
        make = [str(made.bin / "initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "scram-sha-256", "--no-sync"]
        make += ["-E", "UTF8", "--locale", "C", "--pwfile", str(folder / "password"), "--no-instructions"]
        subprocess.run([*unprivileged(), *make], check=True, capture_output=True, timeout=120, cwd=folder)
        made.begin()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)
