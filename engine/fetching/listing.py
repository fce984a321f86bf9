"""What the hub, or a mirror of it (HF_ENDPOINT), says of a model: its commit and its files, with sizes and digests."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from askcam.engine.catalogue.catalogue import nearest_hub_id
from askcam.engine.errors import HubUnreachable, ModelError

NAME = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # of a commit or a blob: they become names of files here
NEEDED = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model")
PROBE_S = 10.0  # the hub's client alone would try an unreachable network for half a minute


@dataclass(frozen=True, slots=True)
class HubFile:
    """`digest`: SHA-256 of a large file, git's SHA-1 of a small one; with `size` None where a mirror does not say."""

    path: str
    size: int | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class HubListing:
    """The files that are needed, config.json first and then the small ones first."""

    model: str
    commit: str
    files: tuple[HubFile, ...]


def list_files(model: str) -> HubListing:
    """Raises ModelError: nothing answers, no such model, it is gated, it holds nothing to run."""
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        raise HubUnreachable(f"{unreachable(model)} (HF_HUB_OFFLINE is set)")
    with told_plainly(model):
        info = HfApi(endpoint=constants.ENDPOINT).model_info(model, files_metadata=True, timeout=PROBE_S)
    files = [_file(each) for each in info.siblings or () if _needed(each.rfilename)]
    if info.sha is None or not any(file.path == "config.json" for file in files):
        raise ModelError(f"{model!r} is no model that can be run: it has no config.json on {constants.ENDPOINT}")
    if NAME.fullmatch(info.sha) is None or not all(NAME.fullmatch(file.digest or info.sha) for file in files):
        raise ModelError(f"{constants.ENDPOINT} is no hub: of {model!r} it names commits or files by no hashes")
    return HubListing(
        model, info.sha, tuple(sorted(files, key=lambda file: (file.path != "config.json", file.size or 0)))
    )


@contextmanager
def told_plainly(model: str) -> Iterator[None]:
    """What the hub's client raises becomes a ModelError with the remedy."""
    from huggingface_hub import constants
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

    try:
        yield
    except ModelError:
        raise
    except GatedRepoError as exc:
        page = f"{constants.ENDPOINT}/{model}"
        raise ModelError(f"{model!r} is gated: accept its terms at {page}, then log in with `hf auth login`") from exc
    except HfHubHTTPError as exc:
        status = getattr(exc.response, "status_code", None)
        if status in (401, 403, 404):
            raise ModelError(
                f"the hub has no {model!r} that may be read; check the name{nearest_hub_id(model)}, "
                "or log in with `hf auth login`"
            ) from exc
        raise HubUnreachable(f"{unreachable(model)} ({constants.ENDPOINT} answered {status})") from exc
    except OSError as exc:  # of the disk
        raise ModelError(f"cannot fetch {model!r}: {exc}") from exc
    except Exception as exc:  # the client's own classes, which differ between the hub's releases
        raise HubUnreachable(
            f"{unreachable(model)} ({constants.ENDPOINT} did not answer: {type(exc).__name__})"
        ) from exc


def unreachable(model: str) -> str:
    return f"cannot fetch {model!r}: connect to the internet, or give --model the folder of a model you have"


def _needed(path: str) -> bool:
    return not set("/\\:") & set(path) and any(fnmatch(path, pattern) for pattern in NEEDED)


def _file(sibling: Any) -> HubFile:
    lfs = sibling.lfs
    return HubFile(sibling.rfilename, sibling.size, lfs.sha256 if lfs is not None else sibling.blob_id)
