"""Takes secrets out of a text that others wrote, or that repeats what they wrote. Time is linear in its length."""

import re

from askcam.stream.secrets import KNOWN
from askcam.stream.sources.label import HIDDEN, label

HINT = "rtsp://user:password@host/"  # how we say where credentials go; nobody's
MAX_URI = 8192  # characters; of a longer one nothing is shown

_URI = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,31}://[^\s'\"<>`]+", re.ASCII)
_PLAIN = re.compile(r"(?:[\w.~*-]*|\[[0-9A-Fa-f:.]*\])(?::\d*)?")
_FAR = 256  # characters in which the rest of a password with a blank or a quote is looked for
_REST = re.compile(r"[^\n@]{0,256}@[^\s'\"<>`]*")
_PAIR = re.compile(
    r"(?i)(?<![a-z0-9])((?:[a-z_.-]{0,16}(?:pass(?:word|wd|phrase|wort)?|pwd|psw|token|secret|signature|api_?key|jwt)"
    r"|loginpas|auth|sig|authorization|jsessionid|sessionid)\s{0,4}=\s{0,4})(?!\*\*\*)[^\s&;,'\"<>)\]}]+",
)
_HEADER = re.compile(
    r"(?i)(?<![a-z0-9])((?:proxy-)?authorization|x-api-key|api-key|cookie|set-cookie)(['\"]?\s{0,4}:\s{0,4})[^\r\n]*"
)
_BEARER = re.compile(r"(?i)(?<![a-z0-9])(bearer|basic)(\s{1,4})[A-Za-z0-9+/._~=-]{16,}")
_ENDS = ".,;:!?)]}"


def redact(text: str) -> str:
    """`text` without secrets: those that are known, and what of any URI, header or key=value might be one."""
    if HINT in text:
        return HINT.join(map(redact, text.split(HINT)))
    text = _uris(KNOWN.hide(text))
    if "=" in text:
        text = _PAIR.sub(rf"\1{HIDDEN}", text)
    text = _HEADER.sub(rf"\1\2{HIDDEN}", text)
    return _BEARER.sub(rf"\1\2{HIDDEN}", text)


def _uris(text: str) -> str:
    """Every URI in it becomes its label."""
    if "://" not in text:
        return text
    parts, at = [], 0
    while (found := _URI.search(text, at)) is not None:
        parts.append(text[at : found.start()])
        uri, at = found[0], found.end()
        authority = re.split(r"[/?#]", uri.partition("://")[2], maxsplit=1)[0]
        if "@" not in uri and not _PLAIN.fullmatch(authority) and (rest := _REST.match(text, at)):
            uri, at = uri + rest[0], rest.end()  # its password holds a blank or a quote
        body = uri.rstrip(_ENDS)
        if len(body) > MAX_URI:
            parts.append(f"{body.partition('://')[0]}://{HIDDEN}")
        else:
            parts.append(label(body))
        parts.append(uri[len(body) :])
    return "".join((*parts, text[at:]))
