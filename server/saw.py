"""What an answer saw, in the wire's words. Pure."""

from askcam.client.protocol import Saw, SeenWindow, SeenZone
from askcam.engine.interface import ModelInfo
from askcam.server.wire.moments import rfc3339
from askcam.stream.frame import WHOLE
from askcam.stream.window import View


def seen_window(view: View) -> SeenWindow:
    """What the wire says of a view."""
    return SeenWindow(
        version=view.version,
        start=rfc3339(view.start_wall),
        end=rfc3339(view.end_wall),
        frames=len(view.frames),
        pairs=len(view.pairs),
    )


def seen_zone(name: str | None, view: View | None) -> SeenZone | None:
    """What the wire says of the zone that a view shows; None where it shows all of a picture."""
    if name is None or view is None:
        return None
    left, top, right, bottom = (round(each, 4) for each in view.newest.part or WHOLE)
    return SeenZone(name, (left, top, right, bottom))


def what_it_saw(
    answer_id: str,
    info: ModelInfo,
    view: View | None,
    health: tuple[str, ...],
    frame_age_s: float | None,
    ttft_s: float | None,
    model: str,
) -> Saw:
    """The `askcam` object. `view` is None for a question about attached pictures, the ages until there is a token;
    `model`: what it is called here."""
    return Saw(
        camera=None if view is None else view.camera,
        window=None if view is None else seen_window(view),
        frame_age_ms=None if frame_age_s is None else round(frame_age_s * 1000, 1),
        ttft_ms=None if ttft_s is None else round(ttft_s * 1000, 1),
        answer_id=answer_id,
        health=list(health),
        backend=info.backend,
        age_basis=None if view is None else view.newest.basis.value,
        note=info.note or None,
        power=info.power.name,
        fewer_pixels=info.power.fewer_pixels,
        model=model,
    )
