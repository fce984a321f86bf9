"""Why an RTSP camera does not play, in plain words with the remedy, from what FFmpeg said and what a probe found."""

import time

from askcam.stream.errors import SourceError
from askcam.stream.sources.address import SourceAddress
from askcam.stream.sources.label import label
from askcam.stream.sources.replies import only_sha256, plain, refused
from askcam.stream.sources.rtsp_probe import PORTS, ProbeResult, probe

MAX_PROBE_S = 4.0
LEAST_PROBE_S = 1.2  # a camera that kept silent for the whole time-out is asked again no longer than this


def why_not(at: SourceAddress, shown: str, began: float, open_s: float, error: SourceError) -> SourceError:
    """What to say of the camera at `at`, which is `shown` so, instead of `error`. Asks it once more; blocks."""
    left = began + open_s + LEAST_PROBE_S - time.monotonic()
    found = probe(at, max(LEAST_PROBE_S, min(MAX_PROBE_S, left)))
    told = explain(found, at, shown, open_s)
    if told is None and "(401)" in str(error) and any(each.algorithm != "MD5" for each in found.offered):
        return only_sha256(shown, found.offered)  # the password is right: the probe came in with it
    return error if told is None else told


def explain(found: ProbeResult, at: SourceAddress, shown: str, open_s: float) -> SourceError | None:
    """None: the probe met nothing wrong."""
    port = at.port or PORTS.get(at.scheme, 0)
    where = f"{at.host}:{port}"
    if found.moved_to is not None:
        shown = f"{shown}, which sends us on to {label(found.moved_to)},"
    match found.what:
        case "status":
            if found.status == 401 and at.userinfo is not None and found.moved_to is not None:
                return SourceError(
                    f"{shown} refused to let us in (401): user and password are not sent to another address; "
                    "configure that one instead",
                    permanent=True,
                )
            if 300 <= found.status < 400:
                return SourceError(f"{shown} sends us from one address to the next: configure the last one instead")
            return refused(
                found.status,
                found.phrase,
                shown,
                at.userinfo is not None,
                step="" if found.step == "DESCRIBE" else found.step,
                offered=found.offered,
            )
        case "silent" if found.step == "connect":
            return SourceError(f"{shown}: no answer from {where} within {open_s:g} s: is it on, is the address right?")
        case "silent":
            asked = "the TLS handshake" if found.step == "TLS" else found.step
            return SourceError(
                f"{shown}: no answer to {asked} from {where}: it is there but says nothing; restart it, or check that "
                "this is its RTSP port"
            )
        case "closed":
            return SourceError(
                f"{shown}: {where} hung up at {found.step}: has it too many viewers? Is this its RTSP port?"
            )
        case "garbage" if found.step == "TLS":
            return SourceError(
                f"{shown}: {where} speaks no TLS that we understand ({plain(found.detail) or 'the handshake failed'}): "
                "try rtsp:// instead of rtsps://"
            )
        case "garbage":
            why = f" ({found.detail})" if found.detail else ""
            return SourceError(f"{shown}: what {where} answers is no RTSP{why}: is the port right?")
        case "refused":
            return SourceError(
                f"{shown}: nothing listens at {where} (connection refused): is the camera on, is the port right?"
            )
        case "unknown host":
            return SourceError(f"{shown}: no machine is called {at.host!r}: check the host name")
        case "unreachable":
            return SourceError(
                f"{shown}: {where} cannot be reached ({plain(found.detail)}): is it in this network, and on?"
            )
    kinds = [kind for kind, _ in found.media]
    if found.media and "video" not in kinds:
        only = ", ".join(dict.fromkeys(map(plain, kinds)))
        return SourceError(f"{shown} has no picture, only {only}: take the address of its video", permanent=True)
    return None
