"""Answers to a camera's WWW-Authenticate: Basic, and Digest with MD5 or SHA-256 (RFC 7616), for HTTP and RTSP. Pure."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

MAX_CHALLENGES = 8
MAX_CHARS = 4096  # of one header

_FIELD = re.compile(r'([A-Za-z][A-Za-z0-9_-]{0,31})\s{0,4}=\s{0,4}(?:"([^"]*)"|([^\s,"]+))')
_SCHEME = re.compile(r"(?:^|,)\s{0,8}(basic|digest)\s", re.IGNORECASE)
_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    "MD5": hashlib.md5,
    "SHA-256": hashlib.sha256,
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data),
}
_BEST = ("SHA-512-256", "SHA-256", "MD5")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in which a camera wants to be asked."""

    scheme: str  # "basic" or "digest"
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "MD5"  # without "-sess"
    sess: bool = False
    qop: bool = False  # whether "auth" is offered
    stale: bool = False  # the password was right, the nonce too old

    @property
    def known(self) -> bool:
        return self.scheme == "basic" or self.algorithm in _HASHES

    @property
    def title(self) -> str:
        return "Basic" if self.scheme == "basic" else f"Digest {self.algorithm}"


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """Those of all WWW-Authenticate headers; a header may hold several."""
    found: list[Challenge] = []
    for header in headers:
        header = header[:MAX_CHARS]
        starts = list(_SCHEME.finditer(header))
        for start, after in zip(starts, [*starts[1:], None], strict=True):
            part = header[start.end() : None if after is None else after.start()]
            fields = {each[1].lower(): each[2] or each[3] or "" for each in _FIELD.finditer(part)}
            algorithm = fields.get("algorithm", "MD5").upper()
            found.append(
                Challenge(
                    start[1].lower(),
                    fields.get("realm", ""),
                    fields.get("nonce", ""),
                    fields.get("opaque", ""),
                    algorithm.removesuffix("-SESS"),
                    algorithm.endswith("-SESS"),
                    "auth" in re.split(r"[\s,]+", fields.get("qop", "").lower()),
                    fields.get("stale", "").lower() == "true",
                )
            )
    return found[:MAX_CHALLENGES]


def best(offered: Iterable[Challenge]) -> Challenge | None:
    """The strongest that can be answered here."""
    known = [each for each in offered if each.known]
    return min(
        known, key=lambda each: len(_BEST) if each.scheme == "basic" else _BEST.index(each.algorithm), default=None
    )


def authorization(challenge: Challenge, user: str, password: str, method: str, uri: str) -> str:
    """The value of the Authorization header."""
    if challenge.scheme == "basic":
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def digest(text: str) -> str:
        return _HASHES[challenge.algorithm](text.encode()).hexdigest()

    cnonce = secrets.token_hex(8)
    who = digest(f"{user}:{challenge.realm}:{password}")
    if challenge.sess:
        who = digest(f"{who}:{challenge.nonce}:{cnonce}")
    what = digest(f"{method}:{uri}")
    middle = f"00000001:{cnonce}:auth:" if challenge.qop else ""
    quoted = user.replace("\\", "\\\\").replace('"', '\\"')
    fields = [
        f'username="{quoted}"',
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{uri}"',
        f'response="{digest(f"{who}:{challenge.nonce}:{middle}{what}")}"',
        f"algorithm={challenge.algorithm}{'-sess' if challenge.sess else ''}",
    ]
    if challenge.qop or challenge.sess:
        fields.append(f'cnonce="{cnonce}"')
    if challenge.qop:
        fields += ["qop=auth", "nc=00000001"]
    if challenge.opaque:
        fields.append(f'opaque="{challenge.opaque}"')
    return "Digest " + ", ".join(fields)
