"""Push services through the library Apprise, which blocks: each call in one of a few threads, within a time limit."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from askcam.features.notify.letter import PICTURE_TYPE, Letter
from askcam.features.notify.redact import of_apprise, without
from askcam.features.notify.sender import DeliveryFailed, DeliveryTaken, Outcome
from askcam.features.notify.words import NoticeText, greeting, message
from askcam.server.config_errors import ConfigError

TYPES = {"info": "info", "warning": "warning", "critical": "failure"}  # askcam's severities in Apprise's words


def check(urls: Sequence[str]) -> None:
    """Raise ConfigError for a URL that Apprise does not understand, without repeating it. Imports Apprise."""
    from apprise import Apprise

    _quiet()
    for number, url in enumerate(urls, 1):
        if Apprise.instantiate(url) is None:
            raise ConfigError(
                f"apprise: Apprise does not understand URL {number} of {len(urls)} ({of_apprise(url)}): see "
                "github.com/caronc/apprise/wiki for how each service is written"
            )


class Services:
    """The addresses of one target. Owned by the event loop, which it never blocks.

    An address that has a letter does not get it again when another one failed.
    """

    def __init__(self, urls: Sequence[str], timeout_s: float, language: str) -> None:
        self._urls = {digest(url): url for url in urls}
        self._timeout_s, self._language = timeout_s, language
        self._thread = ThreadPoolExecutor(1, "askcam-apprise")
        self._calling = False  # also while a call that was given up still blocks its thread
        self.address = ", ".join(dict.fromkeys(map(of_apprise, urls)))

    async def send(self, letter: Letter) -> Outcome:
        """Try once: all addresses that have not got it, one after another."""
        if self._calling:
            return DeliveryFailed("an earlier call still hangs; it is tried again once that has ended")
        words = greeting(self._language) if letter.event is None else message(letter.event, self._language)
        reached, errors = set(letter.reached), []
        for name, url in self._urls.items():
            if name in letter.reached:
                continue
            error = await self._call(url, words, letter)
            if error is None:
                reached.add(name)
            else:
                errors.append(f"{of_apprise(url)} {error}")
        return DeliveryFailed("; ".join(errors), reached=frozenset(reached)) if errors else DeliveryTaken()

    async def _call(self, url: str, words: NoticeText, letter: Letter) -> str | None:
        """Why it failed; None: it did not."""
        if self._calling:
            return "waits for an earlier call that hangs"
        self._calling = True

        def over(_: object) -> None:
            self._calling = False

        severity = "info" if letter.event is None else letter.event.severity
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._thread, notify, url, words, TYPES[severity], letter.jpeg, self._timeout_s)
        call.add_done_callback(over)
        try:
            async with asyncio.timeout(self._timeout_s + 1.0):  # Apprise's own limit goes first
                return await asyncio.shield(call)
        except TimeoutError:
            return f"did not answer within {self._timeout_s:g} s"

    def close(self) -> None:
        """A call that hangs is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def notify(url: str, words: NoticeText, kind: str, jpeg: bytes | None, timeout_s: float) -> str | None:
    """Blocks; returns why it failed, without anything of the URL. Redirects are not followed."""
    from apprise import Apprise, AppriseAsset, AppriseAttachment
    from apprise.attachment.memory import AttachMemory

    _quiet()
    asset = AppriseAsset(app_id="askcam", app_desc="askcam", http_redirects=False, service_timeout=timeout_s)
    service = Apprise(asset=asset)
    if not service.add(url):
        return "is not understood by Apprise"
    attached = None
    if jpeg is not None:
        attached = AppriseAttachment(AttachMemory(content=jpeg, name="frame.jpg", mimetype=PICTURE_TYPE))  # type: ignore[no-untyped-call]
    result = service.notify(body=words.body, title=words.title, notify_type=kind, attach=attached, timeout=timeout_s)
    if result:
        return None
    said = " ".join(entry.message for entry in result.logs())
    return without(said, (url,)) or "failed, and does not say why"


def _quiet() -> None:
    """What Apprise logs may name topics, which are secrets. What matters comes with its results, and is redacted."""
    logging.getLogger("apprise").propagate = False


def digest(url: str) -> str:
    """What stands for an address on disk."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]
