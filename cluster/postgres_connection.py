"""One connection to PostgreSQL that is made when it is needed, and made anew once it broke. Every call ends within a
bound, whatever becomes of the server and the network; what is raised holds no password.

The server ends a transaction whose front stands still (`idle_in_transaction_session_timeout`): it would keep its rows
locked from the front that takes over.
"""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import psycopg

from askcam.cluster.leading import Database, passwords_in
from askcam.cluster.store import StoreFailed

CONNECT_S = 2  # for a connection, to each address of the server
STATEMENT_S, LOCK_S = 2.5, 2.0  # that the server gives a statement, and a lock
IDLE_S = 2.5  # and a transaction in which nobody speaks
ANSWER_S = 3.0  # for an answer, whatever the server does
AGAIN_S = 0.5  # after a connection that could not be made, calls fail at once for so long
SETTINGS = f"""
SET search_path = askcam;
SET statement_timeout = '{STATEMENT_S}s';
SET lock_timeout = '{LOCK_S}s';
SET idle_in_transaction_session_timeout = '{IDLE_S}s';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
"""


class PostgresConnection:
    """Owned by one thread; trouble() is for any."""

    def __init__(self, database: Database, check: Callable[["psycopg.Connection[Any]"], None]) -> None:
        """`check` looks at each new connection, and may raise. Nothing is connected yet."""
        self._database, self._check = database, check
        self._hidden = database.secrets()
        self._now: psycopg.Connection[Any] | None = None
        self._within = False  # a transaction
        self._again_s = 0.0  # when it may be tried again, after a connection that could not be made
        self._trouble: str | None = None

    def trouble(self) -> str | None:
        """Why the last call failed; None: it didn't."""
        return self._trouble

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> "psycopg.Cursor[Any]":
        """`?` stands for a value. Raises StoreFailed, within a transaction psycopg.Error."""
        meant, given = sql.replace("?", "%s"), values or None
        if self._within:
            assert self._now is not None
            return self._now.execute(meant, given)
        with self._told():
            return self._open().execute(meant, given)

    @contextlib.contextmanager
    def transaction(self, how: str = "") -> Iterator[None]:
        """Committed with the block, unless it raises. Raises StoreFailed, also where it isn't known whether it was
        committed."""
        with self._told():
            made = self._open()
            made.execute(f"BEGIN {how}")
            self._within = True
            try:
                yield
                made.execute("COMMIT")
            except psycopg.Error:
                raise  # nothing is left of the connection, nor of what was done
            except BaseException:
                made.execute("ROLLBACK")
                raise
            finally:
                self._within = False

    @contextlib.contextmanager
    def unanswered(self) -> Iterator[None]:
        """Within a transaction: statements are sent, and no answer is waited for until one is read, or at the end."""
        assert self._now is not None
        with self._now.pipeline():
            yield

    def close(self) -> None:
        made, self._now = self._now, None
        if made is not None:
            with contextlib.suppress(psycopg.Error):
                made.close()

    def _open(self) -> "psycopg.Connection[Any]":
        """Raises psycopg.Error, StoreFailed, and what `check` does."""
        if self._now is None:
            if self._trouble is not None and time.monotonic() < self._again_s:
                raise StoreFailed(self._trouble)
            try:
                self._now = self._connect()
            except psycopg.Error:
                self._again_s = time.monotonic() + AGAIN_S
                raise
        return self._now

    def _connect(self) -> "psycopg.Connection[Any]":
        url, password = self._database.url, self._database.password
        made = _Bounded.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_S,
            application_name="askcam front",
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=2,
            tcp_user_timeout=int(ANSWER_S * 1000),
            password=None if passwords_in(url) else password,  # None: the URL's, or as libpq finds one
        )
        try:
            self._check(made)
            made.execute(SETTINGS)
        except BaseException:
            made.close()
            raise
        return made

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever it was that failed, the next call has a new connection."""
        try:
            yield
        except (psycopg.Error, UnicodeError) as exc:
            self.close()
            self._trouble = self._words(exc)
            raise StoreFailed(self._trouble) from None  # its own words may have a password
        self._trouble = None

    def _words(self, exc: Exception) -> str:
        # Not the details, which may have a row's values.
        primary = exc.diag.message_primary if isinstance(exc, psycopg.Error) else None
        text = " ".join((primary or str(exc)).split()) or type(exc).__name__
        for secret in self._hidden:
            text = text.replace(secret, "***")
        return f"PostgreSQL: {text[:400]}"


class _Bounded(psycopg.Connection[Any]):
    """One that breaks off where the server is silent for ANSWER_S amid a call: nobody waits for it for ever."""

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        return super().wait(_heard(gen), *args, **kwargs)


def _heard(gen: "Generator[Any, Any, Any]") -> "Generator[Any, Any, Any]":
    """What psycopg waits for; ten times a second it says whether anything has come. Raises psycopg.Error."""
    try:
        wants, heard_s = next(gen), time.monotonic()
        while True:
            if ready := (yield wants):
                heard_s = time.monotonic()
            elif time.monotonic() - heard_s > ANSWER_S:
                raise psycopg.OperationalError(f"the server has not answered in {ANSWER_S:g} s")
            wants = gen.send(ready)
    except StopIteration as over:
        return over.value
