"""What torch can run on here: picked, and in words."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from askcam.engine.errors import ModelError

BESIDE = 0.8  # of a GPU's free memory that weights may take, if one GPU is to do
_thread = threading.local()


def describe() -> str:
    """One line for people: the devices that torch sees."""
    if torch.cuda.is_available():
        names = ", ".join(
            f"{torch.cuda.get_device_name(i)} ({torch.cuda.get_device_properties(i).total_memory / 2**30:.0f} GiB)"
            for i in range(torch.cuda.device_count())
        )
        return f"CUDA {torch.version.cuda}: {names}"
    return f"no GPU that torch {torch.__version__} can use: the CPU, {torch.get_num_threads()} threads"


def pick_device(wanted: str) -> torch.device:
    """Where a model will be; "cuda" without a number leaves it open which GPUs. Raises ModelError."""
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as exc:
        raise ModelError(f"there is no device {wanted!r}; want auto, cpu, cuda or cuda:1") from exc
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ModelError(f"there is no device {wanted!r}: torch sees {torch.cuda.device_count()} GPUs; try cpu")
    return device


def has_fp8() -> bool:
    """Whether weights of 8-bit floats are multiplied as such here: by the condition that transformers has for it."""
    return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 9)


def settle_device(device: torch.device, weights_bytes: int) -> torch.device | None:
    """The one device for so many bytes of weights; None: they must be spread over several GPUs."""
    if str(device) != "cuda":
        return device
    free = [torch.cuda.mem_get_info(i)[0] for i in range(torch.cuda.device_count())]
    index = roomiest(free, weights_bytes)
    return None if index is None else torch.device("cuda", index)


def roomiest(free: Sequence[int], weights_bytes: int) -> int | None:
    """The GPU with the most bytes free, if the weights fit there with room to work; the only one in any case. Pure."""
    index = max(range(len(free)), key=lambda i: free[i])
    return index if len(free) == 1 or weights_bytes <= BESIDE * free[index] else None


@contextmanager
def working_on(device: torch.device) -> Iterator[None]:
    """`device` is the calling thread's inside. Every thread that has a model compute goes through here.

    Triton's launches, graphs, events and pinned memory go to the thread's device wherever their tensors lie, and each
    thread begins with the first GPU. Without a number ("cuda": a model over several) the thread's stays what it was.
    """
    before, _thread.device = device_of_thread(), device
    try:
        if device.type == "cuda":
            with torch.cuda.device(device):
                yield
        else:
            yield
    finally:
        _thread.device = before


def device_of_thread() -> torch.device | None:
    """What the calling thread works on; None: it has not said so."""
    return getattr(_thread, "device", None)
