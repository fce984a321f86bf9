"""How the threads of torch wait for each other on a CPU. Imports nothing of torch: it must come before it."""

import os


def wait_calmly() -> None:
    """Let OpenMP's threads sleep while they wait, unless the environment says otherwise. Before torch is imported.

    By default they spin, which is right on an idle machine. But a camera server shares its cores with decoders, and
    a thread that spins for one that isn't running takes away the very core which that one needs.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
