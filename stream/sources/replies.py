"""What a camera's refusal means, and what to do about it: one table for RTSP and HTTP. Pure."""

from collections.abc import Sequence

from askcam.stream.errors import Refused
from askcam.stream.sources.http_auth import Challenge
from askcam.stream.sources.redact import HINT, redact

MAX_PHRASE = 60  # characters of a camera's own words

_MEANING = {
    400: "it did not understand the request (400): check path and query after the host",
    402: "it wants to be paid (402): is its subscription over?",
    405: "it does not offer this (405): is this the address of a stream? See its manual, or Onvif",
    406: "it has no stream in a form that we take (406): switch it to H.264, H.265 or MJPEG",
    407: "a proxy on the way wants a password (407): set it in the environment, or go around it",
    408: "it waited for us in vain (408): is the network very slow?",
    410: "this stream is gone for good (410): check the path after the host",
    415: "it does not take this form of request (415): check path and query after the host",
    429: "we ask it too often (429): sample it with fewer fps",
    451: "it did not understand a parameter (451): check path and query after the host",
    453: "it has no bandwidth left (453): close other viewers, or take its substream",
    454: "it forgot our session at once (454): close other viewers, or restart it",
    455: "it cannot play in its present state (455): close other viewers, or restart it",
    457: "it refuses to play from now on (457): is this a recording, and no live stream?",
    459: "it refuses to play all tracks at once (459): take the address of the video track alone",
    460: "it plays only all tracks at once (460): take the address without the track",
    461: "it refuses this transport (461): try ?transport=udp, or ?transport=tcp",
    462: "it cannot reach us over UDP (462): try ?transport=tcp",
    500: "it failed inside (500): is this stream switched on in its settings? Else restart it",
    501: "it does not know how to (501): is this the address of a stream? See its manual, or Onvif",
    502: "a relay before it gets no stream from it (502): is the camera behind it on?",
    503: "it is busy, or this stream is switched off (503): close other viewers, check its settings",
    504: "a relay before it waited for it in vain (504): is the camera behind it on?",
    505: "it speaks another version of the protocol (505): update its firmware",
    551: "it lacks an option that we need (551): update its firmware",
}


def refused(
    status: int, phrase: str, shown: str, given: bool, *, step: str = "", offered: Sequence[Challenge] = ()
) -> Refused:
    """`status`, with which the camera that is `shown` answered. `given`: whether user and password were.

    `step`: the RTSP method that was refused.
    """
    if status == 401:
        return Refused(f"{shown} refused to let us in (401): {_why_not(given, offered)}", permanent=True)
    if status == 403:
        return Refused(f"{shown} forbids it (403): may this user see this stream?", permanent=True)
    if status == 404:
        return Refused(f"{shown} has no such stream (404): check the path after the host")
    at = f" at {step}" if step else ""
    if status in _MEANING:
        return Refused(f"{shown} refused{at}: {_MEANING[status]}")
    said = f"{status} {plain(phrase)}".strip()
    if status >= 500:
        return Refused(f"{shown} failed{at} ({said}): restart the camera, and look at its own log")
    return Refused(f"{shown} refused{at} ({said}): check the address, and the camera's settings")


def _why_not(given: bool, offered: Sequence[Challenge]) -> str:
    how = f"give them as {HINT} (write @ as %40, / as %2F)"
    if offered and not any(each.known for each in offered):
        kinds = ", ".join(sorted({plain(each.title) for each in offered}))
        return f"it wants {kinds}, which is not spoken here: allow Digest (MD5) or Basic in its settings"
    if not given:
        return f"it asks for a user name and a password; {how}"
    return f"its user name or password is wrong; {how}"


def only_sha256(shown: str, offered: Sequence[Challenge]) -> Refused:
    """The password may be right, but FFmpeg cannot tell it in the camera's way."""
    kinds = ", ".join(sorted({each.title for each in offered}))
    return Refused(
        f"{shown} refused to let us in (401): it wants {kinds}, and FFmpeg, which reads "
        "its stream, speaks Digest MD5 and Basic: allow one of these alone in its settings",
        permanent=True,
    )


def plain(text: str) -> str:
    """Somebody else's words, short, printable and without secrets."""
    words = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * MAX_PHRASE])
    return redact(" ".join(words.split()))[:MAX_PHRASE]
