"""Small requests to a server over HTTP, and its streams of lines. Blocking, for any thread."""

import contextlib
import http.client
import json
import ssl as _ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from askcam.client.address import Address
from askcam.client.line import problem, unreachable


@dataclass(frozen=True, slots=True)
class Http:
    """`path` is what comes behind the server's address, "/v1/cameras"."""

    address: Address
    token: str | None = None
    ssl: _ssl.SSLContext | None = None
    timeout_s: float = 10.0  # to connect, and of silence

    def request(self, path: str, method: str = "GET", body: Any = None) -> bytes:
        """The whole answer; `body` goes as JSON. Raises ConnectionFailed, or the WireError that refuses."""
        with self._failing(), self._open(path, method, body, {}, self.timeout_s) as response:
            return bytes(response.read())

    def lines(
        self, path: str, headers: dict[str, str], silence_s: float, method: str = "GET", body: Any = None
    ) -> Iterator[str]:
        """The answer line by line, as they come, without their ends; over when the server ends it. `body` goes as JSON.
        Raises as request(), and ConnectionFailed after `silence_s` without a line."""
        with self._failing(), self._open(path, method, body, headers, silence_s) as response:
            for line in response:
                yield line.decode(errors="replace").rstrip("\r\n")

    def _open(self, path: str, method: str, body: Any, headers: dict[str, str], timeout_s: float) -> Any:
        data = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=self.ssl)]
        if self.address.local:
            handlers.append(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(
            self.address.http + path, data=data, headers=kind | bearer | headers, method=method
        )
        return urllib.request.build_opener(*handlers).open(request, timeout=timeout_s)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Whatever goes wrong inside becomes one of errors.py."""
        try:
            yield
        except urllib.error.HTTPError as exc:
            with exc:
                raise problem(exc.read(), exc.code, self.address) from exc
        except urllib.error.URLError as exc:
            cause = exc.reason if isinstance(exc.reason, BaseException) else exc
            raise unreachable(self.address, cause) from exc
        except (OSError, ValueError, http.client.HTTPException) as exc:
            raise unreachable(self.address, exc) from exc
