"""One file over HTTP, appended to what is there of it: after a broken connection, and after an ended process."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from askcam.engine.errors import ModelError
from askcam.engine.fetching.listing import HubFile

TIMEOUT_S = 30.0  # without a byte
TRIES = 4  # one after the other that bring nothing new
FIRST_WAIT_S, MOST_WAIT_S = 0.5, 8.0


def transfer(
    model: str,
    commit: str,
    file: HubFile,
    partial: Path,
    came: Callable[[int], None],
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Until `partial` holds all of the file; what it holds is taken as its beginning. `came` hears how many bytes came,
    a negative number where they must come again. Raises ModelError when nothing comes any more, the client's
    HfHubHTTPError for a refusal, OSError of the disk."""
    idle = 0
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        if file.size is not None and before >= file.size:
            if before == file.size and partial.exists():
                return
            came(-before)
            partial.unlink(missing_ok=True)
            before = 0
        why = _append(model, commit, file, partial, before, came)
        now = partial.stat().st_size if partial.exists() else 0
        if file.size is not None and now > file.size:
            partial.unlink()
            raise ModelError(f"more came of {file.path} of {model!r} than the {file.size} bytes that the hub promised")
        if why is None and file.size in (None, now):
            return
        idle = 0 if now > before else idle + 1
        if idle >= TRIES:
            raise ModelError(
                f"{file.path} of {model!r} stopped coming after {now / 1e9:.2f} of {(file.size or now) / 1e9:.2f} GB "
                f"({why}); what is there is kept: run it again to go on"
            )
        wait(min(MOST_WAIT_S, FIRST_WAIT_S * 2**idle))


def _append(
    model: str, commit: str, file: HubFile, partial: Path, start: int, came: Callable[[int], None]
) -> str | None:
    """One try; what broke it, None where the server had said all."""
    from huggingface_hub import get_session, hf_hub_url, utils
    from huggingface_hub.errors import HfHubHTTPError

    client: Any = utils  # it exports these two without saying so
    headers = {**client.build_hf_headers(), "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    url = hf_hub_url(model, file.path, revision=commit)
    try:
        with get_session().stream("GET", url, headers=headers, follow_redirects=True, timeout=TIMEOUT_S) as reply:
            if reply.status_code == 416:  # the file is no longer what the beginning was of
                came(-start)
                partial.unlink(missing_ok=True)
                return "the file changed"
            client.hf_raise_for_status(reply)
            whole = start and reply.status_code != 206  # it takes no ranges
            if whole:
                came(-start)
            with partial.open("wb" if whole else "ab") as opened:
                for chunk in reply.iter_bytes():  # as they come: of a broken connection nothing is lost
                    opened.write(chunk)
                    came(len(chunk))
                    if file.size is not None and opened.tell() > file.size:
                        break
        return None
    except HfHubHTTPError as exc:
        status = getattr(exc.response, "status_code", 0)
        if status in (408, 429) or status >= 500:
            return f"the server answered {status}"
        raise
    except OSError:
        raise
    except Exception as exc:  # the client's own classes, which differ between the hub's releases
        return f"the connection broke: {type(exc).__name__}"
