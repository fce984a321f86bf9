"""Real parts for the engine's tests: the built-in model, tiny random models of every family, a drawn camera."""

import json
import queue
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from askcam.demo.builtin import model_path
from askcam.engine.door import EngineConfig
from askcam.engine.live.build import build
from askcam.engine.loading import Loaded, load
from askcam.engine.portable import PortableEngine
from askcam.engine.question import Event, Failed, Finished, Message, Question, Role, Sampling, Text
from askcam.stream.frame import Frame, Pixels
from askcam.stream.window import Anchors, View, Window

DEADLINE_S = 60.0  # generous: the machine may be busy


@pytest.fixture(scope="session")
def builtin() -> Path:
    """The folder of the built-in model."""
    return model_path()


@pytest.fixture(scope="session")
def loaded(builtin: Path) -> Loaded:
    """The built-in model, once for all tests."""
    return load(EngineConfig(str(builtin), threads=2), lambda what, share: None)


@pytest.fixture(scope="session", params=["portable", "live"])
def engine(request: pytest.FixtureRequest, loaded: Loaded) -> Iterator[Any]:
    """Each backend over the built-in model: what is true of one is true of the other."""
    config = EngineConfig("built-in", threads=2, max_waiting=4)
    engine = PortableEngine(loaded, config) if request.param == "portable" else build(loaded, config)
    yield engine
    engine.close()


@dataclass
class DrawnCamera:
    """A WindowSource over a real Window: a red square wanders over grey. Frames are fresh unless `age_s` says else."""

    anchors: Anchors
    width: int
    height: int
    name: str = "lobby"
    num_frames: int = 6
    fps: float = 2.0
    age_s: float = 0.0
    looks: int = field(default=0, init=False)

    def look(self) -> View:
        self.looks += 1
        window = Window(self.name, self.anchors, self.fps)
        now = time.monotonic() - self.age_s
        for i in range(self.num_frames):
            back_s = (self.num_frames - 1 - i) / self.fps
            pixels = drawing(self.width, self.height, i)
            window.add(Frame(self.name, i, time.time() - self.age_s - back_s, now - back_s, pixels))
        view = window.view()
        assert view is not None
        return view


def drawing(width: int, height: int, i: int) -> Pixels:
    pixels = np.full((height, width, 3), 190, np.uint8)
    left = (i * width // 10) % (width - width // 4)
    pixels[height // 4 : height // 2, left : left + width // 4] = (220, 30, 30)
    return pixels


@pytest.fixture
def camera(engine: Any) -> Iterator[DrawnCamera]:
    """A camera named lobby, attached to the built-in model's engine."""
    fit = engine.fit(640, 480)
    camera = DrawnCamera(engine.anchors, fit.width, fit.height)
    engine.attach(camera)
    yield camera
    engine.detach(camera.name)


class Heard:
    """Collects one question's events; `wait` returns them all once the last is there."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def __call__(self, event: Event) -> None:
        self._queue.put(event)

    def next(self) -> Event:
        event = self._queue.get(timeout=DEADLINE_S)
        self.events.append(event)
        return event

    def wait(self) -> list[Event]:
        while not self.events or not isinstance(self.events[-1], Finished | Failed):
            self.next()
        return self.events

    def wait_for(self, kind: type[Any]) -> Event:
        while not isinstance(event := self.next(), kind):
            pass
        return event


Answerer = Callable[..., Finished]


def question(text: str, camera: str | None = "lobby", **sampling: Any) -> Question:
    return Question((Message(Role.USER, (Text(text),)),), camera, Sampling(**sampling))


@pytest.fixture(scope="session")
def heard() -> type[Heard]:
    return Heard


@pytest.fixture(scope="session")
def about() -> Callable[..., Question]:
    """about("what?", camera="lobby", max_tokens=3): a question of one user text."""
    return question


@pytest.fixture
def answer() -> Answerer:
    """answer(engine, question): asks and returns the Finished event; anything else fails the test."""

    def ask(engine: Any, what: Question) -> Finished:
        heard = Heard()
        engine.ask(what, heard)
        last = heard.wait()[-1]
        assert isinstance(last, Finished), last
        return last

    return ask


@pytest.fixture(scope="session")
def tiny_model(builtin: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """tiny_model("qwen2_5_vl"): the folder of a small random model, laid out as on the hub."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = save_tiny(kind, builtin, tmp_path_factory.mktemp(kind))
        return made[kind]

    return folder


@pytest.fixture(scope="session")
def tiny(tiny_model: Callable[[str], Path]) -> Callable[..., Loaded]:
    """tiny("qwen3_vl"): that model, loaded once."""
    made: dict[str, Loaded] = {}

    def get(kind: str) -> Loaded:
        if kind not in made:
            made[kind] = load(EngineConfig(str(tiny_model(kind))), lambda what, share: None)
        return made[kind]

    return get


@pytest.fixture(scope="session")
def view_of() -> Callable[..., View]:
    """view_of(width, height, num_frames, fps): a View of drawn frames with a window as long as it takes."""

    def make(width: int, height: int, num_frames: int, fps: float = 2.0) -> View:
        pairs = num_frames // 2 + 1
        return DrawnCamera(Anchors(pairs, pairs), width, height, num_frames=num_frames, fps=fps).look()

    return make


CLASSES = {
    "qwen2_vl": ("Qwen2VL", "Qwen2VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen2_5_vl": ("Qwen2_5_VL", "Qwen2_5_VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen3_vl": ("Qwen3VL", "Qwen3VLProcessor", "Qwen3VLVideoProcessor"),
}
VISION = {
    "qwen2_vl": {"depth": 2, "embed_dim": 32, "num_heads": 2, "hidden_size": 64},
    "qwen2_5_vl": {
        "depth": 2,
        "hidden_size": 32,
        "num_heads": 2,
        "intermediate_size": 48,
        "out_hidden_size": 64,
        "fullatt_block_indexes": [1],
        "tokens_per_second": 2,
        "window_size": 56,
    },
    "qwen3_vl": {
        "depth": 3,
        "hidden_size": 32,
        "num_heads": 2,
        "intermediate_size": 48,
        "out_hidden_size": 64,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0, 1],
    },
}
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "chat_template.jinja")


def save_tiny(kind: str, builtin: Path, folder: Path) -> Path:
    """A random model whose weights are large enough that a position off by one moves its logits."""
    import transformers

    family, processor, video = CLASSES[kind]
    demo = json.loads((builtin / "config.json").read_text())
    text = {
        "hidden_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 96,
        "vocab_size": demo["text_config"]["vocab_size"],
        "max_position_embeddings": 2048,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        "eos_token_id": 4078,
        "pad_token_id": 4076,
        **({"head_dim": 16} if kind == "qwen3_vl" else {}),
    }
    ids = {f"{name}_token_id": demo[f"{name}_token_id"] for name in ("image", "video", "vision_start", "vision_end")}
    config = getattr(transformers, f"{family}Config")(text_config=text, vision_config=VISION[kind], **ids)
    model = getattr(transformers, f"{family}ForConditionalGeneration")(config)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.ndim == 1 and key.endswith("weight"):
                weight.fill_(1.0)
            else:
                gain = 2.0 if ("q_proj" in key or "k_proj" in key) else 1.0
                scale = 1.0 if "embed_tokens" in key else gain / weight[0].numel() ** 0.5
                scale = 0.3 if key.endswith("bias") else scale
                weight.normal_(0.0, scale, generator=generator)
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = [4078], 4076
    model.save_pretrained(folder)
    for file in TOKENIZER_FILES:
        shutil.copy(builtin / file, folder / file)
    sizes: dict[str, Any] = {
        "patch_size": 16 if kind == "qwen3_vl" else 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "size": {"shortest_edge": 4 * 28 * 28, "longest_edge": 64 * 28 * 28},
        "processor_class": processor,
    }
    write(folder / "preprocessor_config.json", {**sizes, "image_processor_type": "Qwen2VLImageProcessor"})
    write(
        folder / "video_preprocessor_config.json",
        {**sizes, "video_processor_type": video, "cap_pixels_per_frame": False, "do_sample_frames": False},
    )
    return folder


def write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data))
