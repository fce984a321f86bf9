"""What may be shown of a camera's URI: only what is known to be harmless. Pure.

Cheap cameras take passwords as query, as path ("/user=admin_password=..._channel=1"), as a token in the path. What is
no secret cannot be told by looking for what is one. So a word is shown when it is among those that addresses of
cameras are made of, and *** otherwise.
"""

import re
from urllib.parse import unquote

from askcam.stream.sources import address

HIDDEN = "***"
MAX_SHOWN = 160  # characters behind the host
MAX_DIGITS = 3  # in a segment: "Channels/101", "ch00_0"; a number that is longer may be a code
MAX_NUMBER = 5  # digits of a width, a rate, a channel

# What paths and values are made of, after Onvif, Hikvision, Dahua, Axis, Reolink, Foscam, Xiongmai, go2rtc, MediaMTX.
_PATHS = """
    live stream streams streaming streamid channel channels ch cam cams camera cameras video videos media amp axis av
    avc h264 h265 h26 hevc mpeg mpeg4 mp mp4 mjpeg mjpg jpeg jpg png ts flv mkv webm avi mov m3u m3u8 hls dash sdp rtp
    rtsp rtsps http https webcam preview main sub extra first second third high low hd sd uhd fhd onvif profile
    realmonitor cgi bin snapshot snapshots snap snaps still image images img picture pictures input
    auto track trackid unicast multicast proto index playlist manifest master web api v1 v2 isapi proxy fcgi
    nphmotionjpeg nph motion play player local feed feeds view views page stat status test demo clock synthetic lobby
    front back door mcp events event udp tcp pyav opencv true false yes no on off now php asp aspx html htm
    openurl psia videostream videofeed custom ipcam ip net def default day audio none and all tty usb dev cmd get
    action show
"""
_WORDS = frozenset(_PATHS.split())
# Keys whose values say how and not who; their values are shown when they are harmless themselves.
_HOW = """
    channel channels ch chn cam camera subtype stream streamtype resolution res size loop via transport fps framerate
    rate width height w h quality compression unicast multicast proto protocol codec videocodec profile track format
    type motion pace seed speed mode rotate rotation date view cmd action
"""
_OPEN = frozenset(_HOW.split())
# Keys that are told, so that one sees where something was hidden.
_WHO = """
    user username usr u name login loginuse loginpas loginpass loginpassword account id uid userid p pw pwd psw pass
    passwd password passphrase passwort auth authtoken authorization token accesstoken access_token tk key apikey
    api_key secret sig signature sign jwt session sessionid jsessionid sid expires expiry exp credential policy ticket
    code pin nonce hash md5 digest user_id security algorithm x-amz-signature x-amz-credential x-amz-security-token
    x-amz-date x-amz-expires x-amz-algorithm x-amz-signedheaders
"""
_KEYS = frozenset(_WHO.split())
_OPAQUE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,31}):(?!//)(.*)", re.DOTALL | re.ASCII)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://", re.ASCII)
_NUMBERED_WORDS = "|".join(sorted((word for word in _WORDS if not word.isalpha()), key=len, reverse=True))
_CAMEL = re.compile(rf"(?i:{_NUMBERED_WORDS.replace('-', '')})|[A-Z]?[a-z]+|[A-Z]+|\d+|[._\- ]", re.ASCII)
_SIZE = re.compile(r"\d{2,4}[xX*]\d{2,4}", re.ASCII)
_NUMBERED = frozenset({"webcam", "synthetic"})  # ours, with a plain number behind the scheme
_PIECE = re.compile(r"[/?&;#]")


def label(uri: str) -> str:
    """`uri` with *** in the place of all that might be secret. A label's label is itself."""
    uri = uri.strip()
    scheme = _SCHEME.match(uri)
    if scheme is None:
        return _opaque(uri)
    parts = address.split(uri)
    if parts is None or not parts.sure:
        return f"{scheme[1].lower()}://{HIDDEN}"
    who = "" if parts.userinfo is None else f"{HIDDEN}@"
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{who}{parts.host}{port}{_tail(parts.tail)}"


def path_label(path: str) -> str:
    """A file's path as it is, but for what looks like a camera's address without its scheme."""
    first = path.partition("/")[0]
    if "@" in path or ";" in path or (re.fullmatch(r"[\w.-]+:\d{1,5}|\d{1,3}(\.\d{1,3}){3}", first, re.ASCII)):
        return label(path)
    base, question, query = path.partition("?")
    shown = "/".join(HIDDEN if "=" in part else part for part in base.split("/"))
    shown += "?" + _query(query) if question else ""
    return shown if len(shown) <= 2 * MAX_SHOWN else f"{shown[: 2 * MAX_SHOWN]}…"


def harmless(word: str) -> bool:
    """Whether a segment of a path, or a value, is made of nothing but known words and small numbers."""
    if word in ("", HIDDEN, ".", "..", "…") or (len(word) <= 2 and word.isascii() and word.isalnum()):
        return True
    if len(word) > 64 or not word.isascii():
        return False
    if _SIZE.fullmatch(word):
        return True
    parts = _CAMEL.findall(word)
    if "".join(parts) != word or sum(len(part) for part in parts if part.isdigit()) > MAX_DIGITS:
        return False
    return _few(parts) and all(part.lower() in _WORDS or len(part) == 1 or part.isdigit() for part in parts)


def _few(parts: list[str]) -> bool:
    """A code of many small pieces ("a1-b2-c3-d4") is no name, though each of them is harmless."""
    return sum(len(part) <= 2 and part.isalnum() for part in parts) <= 4


def _tail(tail: str) -> str:
    """Path, query and fragment."""
    tail, mark, fragment = tail.partition("#")
    path, question, query = tail.partition("?")
    shown = "/".join(part if harmless(part) else HIDDEN for part in path.split("/"))
    if question:
        shown += "?" + _query(query)
    if mark:
        shown += "#" + (HIDDEN if fragment else "")
    return shown if len(shown) <= MAX_SHOWN else f"{shown[: shown.rfind('/', 0, MAX_SHOWN) + 1]}…"


def _query(query: str) -> str:
    told = []
    for pair in query.split("&"):
        key, equals, value = pair.partition("=")
        if not equals:
            told.append(pair if pair in ("", HIDDEN, "…") else HIDDEN)
        else:
            plain = key.lower()
            shown = plain in _OPEN and _open_value(value)
            known = plain in _OPEN or plain in _KEYS or key == HIDDEN
            told.append(f"{key if known else HIDDEN}={value if shown or not value else HIDDEN}")
    return "&".join(told)


def _open_value(value: str) -> bool:
    """Whether the value of a key that says how, and not who, may be shown."""
    return harmless(value) or (value.isascii() and value.isdigit() and len(value) <= MAX_NUMBER)


def _opaque(uri: str) -> str:
    """webcam:0, push:, thermal:/dev/ttyUSB0, and what is no URI at all: a path."""
    found = _OPAQUE.fullmatch(uri)
    scheme, rest = ("", uri) if found is None else (found[1].lower() + ":", found[2])
    if scheme[:-1] in _NUMBERED and rest.partition("?")[0].isdecimal() and len(rest.partition("?")[0]) <= 9:
        number, mark, query = rest.partition("?")
        return f"{scheme}{number}{mark}{_query(query) if mark else ''}"
    if "@" in rest:  # user:password@host, without a scheme
        host = address.split("x://" + rest.rpartition("@")[2])
        who = f"{HIDDEN}@"
        return who + (HIDDEN if host is None else label(host.bare_url).removeprefix("x://"))
    return scheme + _tail(rest)


def secrets_of(uri: str) -> set[str]:
    """Every piece of `uri` that label() hides, as it stands there: what must not come out by another way."""
    uri = uri.strip()[: address.MAX_CHARS]
    scheme = _SCHEME.match(uri) or _OPAQUE.match(uri)
    rest = uri if scheme is None else uri[len(scheme[1]) + 1 :].removeprefix("//")
    found: set[str] = set()
    parts = address.split(uri)
    behind = rest if parts is None else parts.tail
    for place in [place for place, sign in enumerate(rest) if sign == "@"][: address.MAX_SIGNS]:
        if parts is not None and parts.sure and place > len(parts.userinfo or ""):
            break
        user, colon, password = rest[:place].partition(":")
        found |= {rest[:place], password, user if not colon or user.lower() not in _USUAL else ""}
        behind = rest[place + 1 :] if parts is None else behind
    for piece in _PIECE.split(behind):
        found |= _hidden(piece)
    shown = label(uri)
    return {each for each in found if each and each not in shown}


def _hidden(piece: str) -> set[str]:
    """What of a piece of a path or a query is not shown, and its parts: user=admin_password=SECRET_channel=1."""
    key, equals, value = piece.partition("=")
    if equals:
        if key.lower() in _OPEN and _open_value(value):
            return set()
        words = [key] if key.lower() not in _OPEN and key.lower() not in _KEYS else []
        words += [value, *value.split("="), *(part.rpartition("_")[0] for part in value.split("="))]
    else:
        words = [piece, piece.rpartition(".")[0], *re.split(r"[,:@+]", piece)]
    secret = {word for word in words if word and not harmless(unquote(word)) and word.lower() not in _USUAL}
    return secret | {piece} if secret else secret


_USUAL = frozenset({"admin", "root", "user", "guest", "viewer", "operator", "service", "camera", "default", "888888"})
