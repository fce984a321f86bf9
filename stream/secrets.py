"""What this process knows to be secret, and takes out of every text that leaves it.

Libraries, drivers and servers repeat addresses in words of their own: whole, unescaped, in parts. Looking at such a
text one cannot tell what of it is a password. But one knows which passwords there are.
"""

import base64
import html
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from askcam.stream.sources.label import HIDDEN, secrets_of

MAX_URIS = 256  # URIs whose secrets are known; the one resolved least lately is forgotten
MAX_EACH = 128  # secrets of one URI or setting
MAX_CHARS = 4096  # of one secret; of a longer one, its beginning
LEAST_CHARS = 4  # a shorter one cannot be told from the words around it
WORD_CHARS = 12  # a secret of so many small letters or digits is hidden where it stands alone: "live", not "delivered"
MAX_PUBLIC = 4096

_WORD = re.compile(r"(?<![^\W_])[^\W\d_]+(?![^\W_])")
_NUMBER = re.compile(r"\d+")
# Words of our own messages. One who takes such a word for a password keeps it from nobody, and without it no message
# could be read; within an address it is hidden all the same (sources/label.py).
_OUR_WORDS = """
    admin administrator askcam camera cameras config default fetch file frame guest host http https key limits local
    localhost login main model name notify pass passwd password path picture port root secret server service setting
    source stream system test timeline token toml tools under user username video viewer watch watches
"""
_OURS = frozenset(_OUR_WORDS.split())


class Secrets:
    """Any thread. Bounded; told by whoever opens something that holds a secret."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uris: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._settings: dict[str, frozenset[str]] = {}
        self._forms: tuple[str, ...] = ()  # longest first
        self._words: frozenset[str] = frozenset()
        self._numbers: frozenset[str] = frozenset()
        self._public: frozenset[str] = frozenset()

    def learn_uri(self, uri: str) -> None:
        """All that a label of `uri` hides is secret from now on, until many others were learnt."""
        mine = _all_forms(secrets_of(uri))
        with self._lock:
            if mine == self._uris.get(uri, frozenset()):
                if mine:
                    self._uris.move_to_end(uri)
                return
            self._uris[uri] = mine
            while len(self._uris) > MAX_URIS:
                self._uris.popitem(last=False)
            self._sort()

    def learn(self, owner: str, secrets: Iterable[str]) -> None:
        """`secrets` are, for good. `owner` names whose they are: a setting; its former ones are forgotten."""
        mine = _all_forms(secrets)
        with self._lock:
            if mine != self._settings.get(owner, frozenset()):
                self._settings[owner] = mine
                self._sort()

    def hide(self, text: str) -> str:
        """`text` without any of them. Time grows with the text's length, not faster."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        if self._numbers:
            text = _NUMBER.sub(lambda found: HIDDEN if found[0] in self._numbers else found[0], text)
        if not self._words:
            return text
        return _WORD.sub(lambda found: HIDDEN if found[0] in self._words else found[0], text)

    def publish(self, name: str) -> None:
        """`name` is told to everybody: a camera that is called as a part of its address is not to become ***."""
        with self._lock:
            if len(self._public) < MAX_PUBLIC:
                self._public |= {name}
                self._sort()

    def _sort(self) -> None:
        every = {form for each in (*self._settings.values(), *self._uris.values()) for form in each}
        every = {form for form in every - self._public if not _is_ours(form)}
        self._words = frozenset(form for form in every if len(form) <= WORD_CHARS and form.isalpha() and form.islower())
        self._numbers = frozenset(form for form in every if form.isdigit())  # "1234", but not "12345 ms"
        self._forms = tuple(sorted(every - self._words - self._numbers, key=lambda form: (-len(form), form)))


def _is_ours(form: str) -> bool:
    """Whether it is a word of our own messages, alone: "admin", but not "askcam-admin"."""
    return form.lower() in _OURS or form == "askcam.toml"


def _all_forms(secrets: Iterable[str]) -> frozenset[str]:
    longest = sorted(set(secrets), key=len)[-MAX_EACH:]
    forms = {form for secret in longest for form in _forms(secret[:MAX_CHARS])}
    return frozenset(form for form in forms if len(form) >= LEAST_CHARS and form.strip("*"))


def _forms(secret: str) -> set[str]:
    """The spellings in which a secret comes back."""
    plain = {secret, unquote(secret), unquote_plus(secret)}
    forms = set(plain)
    for each in plain:
        for escaped in (quote(each, safe=""), quote(each), quote(each, safe="!$&'()*+,;=:~/"), quote_plus(each)):
            forms |= {escaped, re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), escaped)}
        forms |= {html.escape(each), json.dumps(each)[1:-1], json.dumps(each, ensure_ascii=False)[1:-1]}
        forms |= {repr(each)[1:-1], ascii(each)[1:-1], " ".join(each.split())}
        if ":" in each:
            forms.add(base64.b64encode(each.encode(errors="surrogatepass")).decode())
    return {form for form in forms if form}


KNOWN = Secrets()  # of this process: logs and errors leave it as one, too
