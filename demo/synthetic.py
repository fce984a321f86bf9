"""The synthetic scene as one value: its description, its pictures, its truth."""

from functools import cached_property

from askcam.demo.render import Renderer
from askcam.demo.scene import Scene, make_scene
from askcam.stream.frame import Pixels


class SyntheticScene:
    """What `synthetic:SEED` shows. A pure function of seed and time; any thread."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.scene: Scene = make_scene(seed)

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self.scene)

    def at(self, t_s: float) -> Pixels:
        """The picture at `t_s` seconds since the epoch: a new (480, 640, 3) uint8 RGB array."""
        return self._renderer.at(t_s)
