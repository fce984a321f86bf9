"""Takes credentials out of URIs, and out of any text that quotes one. Pure."""

import re

_SECRET = (
    r"pass(?:word|wd|phrase)?|pwd|psw|user(?:name)?|usr|token|access_token|auth|api_?key|key|secret|sig(?:nature)?"
)
_QUERY = re.compile(rf"(?i)([?&;](?:{_SECRET})=)[^&#;\s'\"]*")
_URI = re.compile(r"(?i)(?<![a-z0-9])([a-z][a-z0-9+.-]*://)([^\s'\"]*)")
_PLAIN_AUTHORITY = re.compile(r"(?i)^(?:[a-z0-9._~-]*|\[[0-9a-f:.]*\])(?::\d*)?$")


def redact(text: str) -> str:
    """`text` with every URI's user, password and secret query values replaced by ***.

    A password may itself hold "/", "?" or "@" that nobody escaped: then everything up to the last "@" goes.
    """
    return _QUERY.sub(r"\1***", _URI.sub(_hide, text))


def _hide(match: re.Match[str]) -> str:
    scheme, rest = match.groups()
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in rest and ("@" in authority or not _PLAIN_AUTHORITY.match(authority)):
        return f"{scheme}***@{rest.rpartition('@')[2]}"
    return str(match.group(0))
