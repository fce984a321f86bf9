"""Models of the hub: the cache first, then the network; and bars that tell instead of drawing. No torch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from askcam.engine.errors import ModelError
from askcam.engine.interface import Progress

NEEDED = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]
PROBE_S = 10.0  # the hub's client alone would try an unreachable network for half a minute


def cached(model: str) -> Path | None:
    """The folder of a hub id that was fetched before, complete or not. Raises ModelError for what is no hub id."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(snapshot_download(model, allow_patterns=NEEDED, local_files_only=True))
    except HFValidationError as exc:
        raise ModelError(f"{model!r} is neither a folder here nor a hub id (Qwen/Qwen2-VL-2B-Instruct)") from exc
    except OSError:  # LocalEntryNotFoundError: not there
        return None


def download(model: str, progress: Progress, check: Callable[[Path], None]) -> Path:
    """Fetch a hub id into the hub's cache. `check` gets config.json first, so that it may refuse before gigabytes do.

    Raises ModelError.
    """
    from huggingface_hub import constants, get_session, hf_hub_download, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    unreachable = f"cannot fetch {model!r}: connect to the internet, or give --model the folder of a model you have"
    if constants.HF_HUB_OFFLINE:
        raise ModelError(f"{unreachable} (HF_HUB_OFFLINE is set)")
    try:
        get_session().head(constants.ENDPOINT, timeout=PROBE_S)
    except Exception as exc:  # the client's own classes, which differ between the hub's releases
        raise ModelError(unreachable) from exc
    try:
        check(Path(hf_hub_download(model, "config.json")))
        bar = bar_class(progress, f"fetching {model}")
        return Path(snapshot_download(model, allow_patterns=NEEDED, tqdm_class=bar))
    except HfHubHTTPError as exc:
        status = getattr(exc.response, "status_code", None)
        if status in (401, 403, 404):
            raise ModelError(
                f"the hub has no {model!r} that may be read; check the name, or log in with `hf auth login`"
            ) from exc
        raise ModelError(f"{unreachable} (the hub answered {status})") from exc
    except OSError as exc:  # the network went away, or the disk is full
        raise ModelError(f"cannot fetch {model!r}: {exc}") from exc


def bar_class(progress: Progress, what: str) -> type[Any]:
    """A tqdm class that tells `progress` instead of drawing."""
    from tqdm.std import tqdm  # type: ignore[import-untyped, unused-ignore]

    class Bar(tqdm):  # type: ignore[misc, unused-ignore]
        monitor_interval = 0  # no thread that wakes sleeping bars

        def display(self, *args: Any, **kwargs: Any) -> None:
            if self.total:
                progress(what, min(1.0, self.n / self.total))

        def close(self) -> None:
            self.disable = True  # nothing was drawn, so there is nothing to tidy

    return Bar


@contextmanager
def weights_bar(progress: Progress) -> Iterator[None]:
    """While weights load, transformers' own bar goes to `progress`."""
    from transformers.utils import logging

    set_hook = getattr(logging, "set_tqdm_hook", None)
    if set_hook is None:
        yield
        return
    bar = bar_class(progress, "loading weights")
    before = set_hook(lambda factory, args, kwargs: bar(*args, **kwargs))
    try:
        yield
    finally:
        set_hook(before)
