"""Checkpoints as people have them, small and random, laid out as on the hub: each changes a copy of a plain one.

What is expected of each stands in tests/engine/test_checkpoints.py.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

Change = Callable[[Path], None]
TEXT = "model.language_model."


def edit(path: Path, **changes: Any) -> None:
    """Change top-level keys of a JSON file; None removes one."""
    data = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))


def edit_text(folder: Path, **changes: Any) -> None:
    """The same of config.json's text_config."""
    data = json.loads((folder / "config.json").read_text())
    edit(folder / "config.json", text_config={**data["text_config"], **changes})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def save(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file(
        {name: each.contiguous() for name, each in tensors.items()}, folder / "model.safetensors", {"format": "pt"}
    )


def cast(dtype: torch.dtype, only: str = "") -> Change:
    """Weights of another dtype; `only`: those whose name holds this."""

    def change(folder: Path) -> None:
        found = weights(folder).items()
        save(folder, {name: each.to(dtype) if only in name else each for name, each in found})
        edit(folder / "config.json", dtype=str(dtype).removeprefix("torch."))

    return change


def without(*names: str) -> Change:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def quantized(method: str, **more: Any) -> Change:
    """As config.json says it of weights that another package reads."""

    def change(folder: Path) -> None:
        edit(folder / "config.json", quantization_config={"quant_method": method, **more})

    return change


def unknown_method(folder: Path) -> None:
    """Packed by a package that transformers does not know."""
    quantized("magic")(folder)
    found = weights(folder)
    packed = {name: name.replace(".weight", ".magic") if "mlp" in name else name for name in found}
    save(folder, {packed[name]: each for name, each in found.items()})


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def no_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    edit(folder / "tokenizer_config.json", chat_template=None)


def template_in_tokenizer(folder: Path) -> None:
    """As in checkpoints of 2024."""
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    edit(folder / "tokenizer_config.json", chat_template=template)


def config(**changes: Any) -> Change:
    return lambda folder: edit(folder / "config.json", **changes)


def text_config(**changes: Any) -> Change:
    return lambda folder: edit_text(folder, **changes)


def bare(*files: tuple[str, str]) -> Change:
    """A folder with only these files: (name, contents)."""

    def change(folder: Path) -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        for name, contents in files:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(contents)

    return change


def shards(folder: Path) -> None:
    """Two files and their index."""
    found = weights(folder)
    names = sorted(found)
    halves = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, part in halves.items():
        save_file({name: found[name] for name in part}, folder / file, {"format": "pt"})
    (folder / "model.safetensors").unlink()
    where = {name: file for file, part in halves.items() for name in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))


def shard_missing(folder: Path) -> None:
    shards(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()


def pickled(folder: Path) -> None:
    """pytorch_model.bin, as older ones are."""
    torch.save(weights(folder), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def cut_off(share: float) -> Change:
    def change(folder: Path) -> None:
        file = folder / "model.safetensors"
        file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])

    return change


def leftovers(folder: Path) -> None:
    """What trainers leave beside a model."""
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
        (folder / name).write_bytes(b"\x80\x04N.")
    (folder / "trainer_state.json").write_text("{}")


def grown_vocabulary(folder: Path) -> None:
    """Embeddings of more rows than there are tokens, as padded or extended ones have."""
    found = weights(folder)
    for name in [name for name in found if "embed_tokens" in name or name.startswith("lm_head")]:
        found[name] = torch.cat((found[name], torch.zeros(64, found[name].shape[1])))
        rows = found[name].shape[0]
    save(folder, found)
    edit_text(folder, vocab_size=rows)


def lacking(part: str) -> Change:
    """Without the tensors whose names hold `part`."""

    def change(folder: Path) -> None:
        save(folder, {name: each for name, each in weights(folder).items() if part not in name})

    return change
