"""What torch can run on here, in words."""

import torch


def describe() -> str:
    """One line for people: the devices that torch sees."""
    if torch.cuda.is_available():
        names = ", ".join(
            f"{torch.cuda.get_device_name(i)} ({torch.cuda.get_device_properties(i).total_memory / 2**30:.0f} GiB)"
            for i in range(torch.cuda.device_count())
        )
        return f"CUDA {torch.version.cuda}: {names}"
    return f"no GPU that torch {torch.__version__} can use: the CPU, {torch.get_num_threads()} threads"
