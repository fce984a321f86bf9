"""Fits and judges what tells drawn scenes from real ones before the built-in model (engine/domain.py).

    python benchmarks/real_scenes.py [--fit] [--photos FOLDER ...] [--clips FOLDER]

FOLDER of --photos: any photographs (the wheels of scikit-image, scikit-learn, matplotlib and ultralytics, unpacked;
Debian's mate-backgrounds, ukui-wallpapers). --clips: Debian's opencv-doc (/usr/share/doc/opencv-doc) and any other
videos. Both are real, but for files whose names say that they are drawn or rendered (NOT_REAL).

Judges by sources that the fit has not seen: every source is left out once (a folder of photographs, a clip), the fit is
made from the others, and the one left out is judged. Drawn scenes: seeds of the demo's camera, in other sizes, through
JPEG and H.264; half of the seeds are fitted to, the other half judged. Prints a table and one JSON line; --fit writes
demo/model/askcam.json's "domain" from all of it.
"""

import argparse
import gzip
import io
import json
import random
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.films import make_film

from askcam.demo.builtin import model_path
from askcam.demo.drawings import STYLES, sprite
from askcam.demo.objects import drawn_objects
from askcam.demo.render import Renderer, wall
from askcam.demo.scene import make_scene
from askcam.engine.domain import MEASURE, NUM_FEATURES, Domain, features
from askcam.engine.families.grids import fit_to_grids
from askcam.stream.fit import resize
from askcam.stream.frame import Pixels

GRIDS = ((8, 8), (6, 9), (6, 10))
FACTOR = 28  # pixels of a token's side, about: the built-in model's
PHOTOS, CLIPS = (".jpg", ".jpeg", ".png", ".webp"), (".avi", ".mp4", ".mp4.gz", ".webm")
NOT_REAL = [
    "logo",
    "icon",
    "gradient",
    "megamind",
    "bigbuckbunny",
    "blender",
    "pic1",
    "pic2",
    "pic3",
    "pic4",
    "pic5",
    "pic6",
    "chess",
    "digits",
    "notes",
    "sudoku",
    "text",
    "page",
    "color",
    "phantom",
    "ellipses",
    "detect_blob",
    "tmpl",
    "mask",
    "templ",
    "opencv-logo",
    "cards",
    "chicky",
    "ml.png",
    "alogt",
    "aloegt",
    "horse",
    "clock_motion",
    "segmented",
    "trimap",
    "mattes",
    "starry",
    "pca_test",
    "/html/",
    "disparity",
    "_gt",
    "cell",
    "microaneurysms",
    "/desktop/",
    "/abstract/",
    "rollpaper",
    "fluent",
    "city.png",
    "mpl-data/images",
    "minduka",
    "focal",
    "rhythm",
    "2004",
    "fingerprint",
    "polygon",
    "calla",
    "desert",
    "firstgen",
    "the-mouse",
    "goldfish",
    "string.jpg",
    "imagetext",
    "happyfish",
    "stuff.jpg",
    "basketball",
    "box.png",
    "home.png",
    "lena_tmpl",
    "baseline",
    "gnome/",
    "peilin",
    "smarties",
    "blox",
]
PENALTY = 5e-4  # on the weights' squares
DRAWN_WEIGHT = 6.0  # how much worse it is to refuse a drawn scene than to take a real one for drawn
MARGIN = 1.0  # added to the bias, for drawn scenes again
Rows = npt.NDArray[np.float64]


def as_seen(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    return resize(np.ascontiguousarray(pixels), fit_to_grids(width, height, FACTOR, GRIDS))


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    done, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def h264(frames: list[Pixels], crf: int) -> list[Pixels]:
    """As a camera's stream brings them."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=10, options={"crf": str(crf), "preset": "veryfast"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as back:
        return [frame.to_ndarray(format="rgb24") for frame in back.decode(video=0)]


def shown(seed: int) -> Iterator[tuple[str, Pixels]]:
    """One drawn scene in the ways that it may come before the model."""
    rng = random.Random(f"shown {seed}")
    renderer = Renderer(make_scene(seed))
    moment = rng.uniform(0, 1000)
    frame = renderer.at(moment)
    yield "raw", frame
    yield "jpeg", jpeg(frame, rng.choice((30, 50, 70, 85)))
    yield "h264", h264([renderer.at(moment + 0.1 * i) for i in range(4)], rng.choice((18, 23, 28, 33)))[-1]
    width, height = rng.choice(((320, 240), (1280, 960), (1280, 720), (640, 360), (480, 640)))
    other = cv2.resize(frame, (width, height), interpolation=rng.choice((cv2.INTER_AREA, cv2.INTER_CUBIC)))
    yield "size", jpeg(np.asarray(other, np.uint8), rng.choice((40, 80)))
    grain = np.random.default_rng(seed).normal(0, rng.uniform(0.5, 2.0), frame.shape)
    yield "grain", np.clip(frame * rng.uniform(0.7, 1.0) + grain, 0, 255).astype(np.uint8)


def filmed(seed: int) -> Pixels:
    """A wall of the demo's with nothing before it, or up to three drawings, as films have it."""
    rng = random.Random(f"filmed {seed}")
    moments = list(make_film(seed, 40).pictures(0.25))
    picture = wall(make_scene(seed).room).clip(0, 255).astype(np.uint8) if seed % 4 == 0 else rng.choice(moments)
    kind = rng.choice(("raw", "jpeg", "h264"))
    if kind == "jpeg":
        return jpeg(picture, rng.choice((50, 70, 85)))
    return picture if kind == "raw" else h264([picture] * 3, rng.choice((18, 20, 28)))[-1]


def pasted(seed: int) -> Pixels:
    """Several drawings on a plain colour, larger and smaller than the demo has them."""
    rng = random.Random(f"pasted {seed}")
    out = np.empty((480, 640, 3), np.uint8)
    out[:] = [rng.randrange(20, 250) for _ in range(3)]
    for _ in range(rng.randrange(1, 4)):
        drawing = sprite(rng.choice(STYLES), rng.choice(drawn_objects()).index)
        side = rng.randrange(90, 260)
        drawing = np.asarray(cv2.resize(drawing, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
        x, y = rng.randrange(640 - side), rng.randrange(480 - side)
        share = drawing[..., 3:].astype(np.float32) / 255
        part = out[y : y + side, x : x + side].astype(np.float32)
        out[y : y + side, x : x + side] = (part * (1 - share) + drawing[..., :3] * share).astype(np.uint8)
    return jpeg(out, 85) if rng.random() < 0.5 else out


def crops(pixels: Pixels, name: str, count: int) -> Iterator[Pixels]:
    """A photograph as cameras might have taken it: parts of it, darker, softer, grainier, compressed."""
    rng = random.Random(name)
    height, width = pixels.shape[:2]
    yield pixels
    for _ in range(count):
        share = rng.uniform(0.5, 1.0)
        h, w = int(height * share), int(width * share)
        y, x = rng.randrange(height - h + 1), rng.randrange(width - w + 1)
        part = np.ascontiguousarray(pixels[y : y + h, x : x + w])
        if max(part.shape[:2]) > 1280:
            scale = 1280 / max(part.shape[:2])
            part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        if rng.random() < 0.3:
            part = np.asarray(cv2.GaussianBlur(part, (0, 0), rng.uniform(0.5, 3.0)), np.uint8)
        lit = part.astype(np.float32) * rng.uniform(0.5, 1.1)
        lit += np.random.default_rng(zlib.crc32(name.encode())).normal(0, rng.uniform(0, 5), part.shape)
        yield jpeg(np.clip(lit, 0, 255).astype(np.uint8), rng.choice((40, 70, 90)))


def before_a_wall(pixels: Pixels, name: str) -> Pixels:
    """A part of a photograph before a bare wall, which bare rooms and desks are full of and photographs are not: the
    wall is the photograph itself, out of all focus, with the grain of a sensor."""
    rng = random.Random(f"wall {name}")
    small = np.asarray(cv2.resize(pixels, (640, 480), interpolation=cv2.INTER_AREA), np.float32)
    few = rng.choice(((3, 2), (4, 3), (6, 4)))
    wall = cv2.resize(cv2.resize(small, few, interpolation=cv2.INTER_AREA), (640, 480), interpolation=cv2.INTER_CUBIC)
    level = np.array([rng.uniform(60, 220)] * 3) + np.array([rng.uniform(-12, 12) for _ in range(3)])
    wall = level + (wall - wall.mean((0, 1))) * rng.uniform(0.2, 0.7)
    y, x = np.mgrid[0:480, 0:640].astype(np.float32)
    wall = wall * (1 - rng.uniform(0.0, 0.25) * (((x - 320) / 400) ** 2 + ((y - 240) / 400) ** 2))[..., None]
    cx, cy, w, h = rng.uniform(150, 490), rng.uniform(150, 330), rng.uniform(50, 150), rng.uniform(60, 150)
    inside = np.clip((1 - ((x - cx) / w) ** 2 - ((y - cy) / h) ** 2) * rng.uniform(10, 40), 0, 1)[..., None]
    grain = np.random.default_rng(zlib.crc32(name.encode())).normal(0, rng.uniform(0.7, 4), wall.shape)
    seen = wall * (1 - inside) + small * inside + grain
    return jpeg(np.clip(seen, 0, 255).astype(np.uint8), rng.choice((50, 75, 90)))


def drawn_by_name(folder: Path, path: Path) -> bool:
    if path.stem.isdigit() and path.suffix == ".png":  # figures of the documentation
        return True
    return any(word in f"/{path.relative_to(folder).as_posix().lower()}" for word in NOT_REAL)


def photos(folder: Path, count: int) -> Iterator[tuple[str, Pixels]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in PHOTOS or drawn_by_name(folder, path):
            continue
        found = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if found is None or min(found.shape[:2]) < 120:
            continue
        if max(found.shape[:2]) > 1600:
            scale = 1600 / max(found.shape[:2])
            found = cv2.resize(found, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        pixels = np.ascontiguousarray(np.asarray(found, np.uint8)[..., ::-1])
        for part in crops(pixels, path.name, count):
            yield path.name, part


def walls(folder: Path) -> Iterator[Pixels]:
    """Parts of a folder's photographs before bare walls."""
    for number, (name, pixels) in enumerate(photos(folder, 2)):
        yield before_a_wall(pixels, f"{name} {number}")


def clips(folder: Path) -> Iterator[tuple[str, list[Pixels]]]:
    """Two frames of each second, of at most a minute."""
    for path in sorted(folder.rglob("*")):
        if not path.name.lower().endswith(CLIPS) or (
            drawn_by_name(folder, path) and path.name[:3] not in ("cup", "box")
        ):
            continue
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        taken: list[Pixels] = []
        with av.open(io.BytesIO(data)) as film:
            rate = float(film.streams.video[0].average_rate or 25)
            for number, frame in enumerate(film.decode(video=0)):
                if number % max(1, round(rate / 2)) == 0:
                    taken.append(frame.to_ndarray(format="rgb24"))
                if len(taken) >= 120:
                    break
        yield path.name, taken


def rows_of(pictures: list[Pixels]) -> Rows:
    found = [features(as_seen(pixels)) for pixels in pictures]
    return np.array([row for row in found if row is not None]).reshape(-1, NUM_FEATURES)


def fitted(drawn: Rows, real: list[Rows]) -> Domain:
    """Newton's method; each source of real pictures weighs the same, whatever it has of them."""
    x = np.concatenate((drawn, *real))
    y = np.concatenate((np.ones(len(drawn)), np.zeros(sum(map(len, real)))))
    weight = np.concatenate(
        (
            np.full(len(drawn), DRAWN_WEIGHT / len(drawn)),
            *(np.full(len(rows), 1 / len(real) / len(rows)) for rows in real),
        )
    )
    mean, scale = x.mean(0), x.std(0) + 1e-9
    a = np.concatenate(((x - mean) / scale, np.ones((len(x), 1))), 1)
    w = np.zeros(a.shape[1])
    ridge = np.diag([PENALTY] * NUM_FEATURES + [0.0])
    for _ in range(60):
        p = 1 / (1 + np.exp(-(a @ w).clip(-30, 30)))
        slope = a.T @ (weight * (p - y)) + ridge @ w
        bend = (a * (weight * p * (1 - p))[:, None]).T @ a + ridge + 1e-9 * np.eye(len(w))
        w -= np.linalg.solve(bend, slope)
    plain = w[:-1] / scale
    return Domain(float(w[-1] - plain @ mean) + MARGIN, tuple(float(each) for each in plain))


def share_known(domain: Domain, rows: Rows) -> float:
    return float(np.mean(rows @ np.asarray(domain.weights) + domain.bias >= 0)) if len(rows) else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--clips", type=Path, nargs="*", default=[Path("/usr/share/doc/opencv-doc")])
    parser.add_argument("--seeds", type=int, default=1000, help="drawn scenes; half of them to judge by")
    parser.add_argument("--fit", action="store_true", help="write what was fitted to demo/model/askcam.json")
    args = parser.parse_args()

    ways: dict[str, list[Pixels]] = {}
    judged: dict[str, Rows] = {}
    fit_to: list[Rows] = []
    half = args.seeds // 2
    for seed in range(args.seeds):
        for way, pixels in (*shown(seed), ("pasted", pasted(seed)), ("filmed", filmed(seed))):
            ways.setdefault(way, []).append(as_seen(pixels))
    for way, pictures in ways.items():
        fit_to.append(rows_of(pictures[:half]))
        judged[way] = rows_of(pictures[half:])
    drawn = np.concatenate(fit_to)

    sources: dict[str, Rows] = {}
    for folder in args.photos:
        sources[f"photos {folder.name}"] = rows_of([pixels for _, pixels in photos(folder, 4)])
        sources[f"before a wall, {folder.name}"] = rows_of(list(walls(folder)))
    for folder in args.clips:
        if (found := rows_of([pixels for _, pixels in photos(folder, 2)])).size:
            sources[f"photos {folder.name}"] = found
        for name, frames in clips(folder):
            sources[f"clip {name}"] = rows_of(frames)
    sources = {name: rows for name, rows in sources.items() if len(rows)}

    print(f"{'real, left out of the fit':40} {'pictures':>8} {'known as real':>14}")
    results: dict[str, Any] = {"real": {}, "drawn": {}}
    for name, rows in sources.items():
        domain = fitted(drawn, [other for key, other in sources.items() if key != name])
        results["real"][name] = round(1 - share_known(domain, rows), 4)
        print(f"{name:40} {len(rows):8} {1 - share_known(domain, rows):14.1%}")
    domain = fitted(drawn, list(sources.values()))
    print(f"\n{'drawn, other seeds than the fit':40} {'pictures':>8} {'refused':>14}")
    for way, rows in judged.items():
        results["drawn"][way] = round(1 - share_known(domain, rows), 5)
        least = float((rows @ np.asarray(domain.weights)).min() + domain.bias)
        print(f"{way:40} {len(rows):8} {1 - share_known(domain, rows):14.2%}   least logit {least:.1f}")
    results |= {"bias": round(domain.bias, 4), "weights": [round(each, 4) for each in domain.weights]}
    if args.fit:
        path = model_path() / "askcam.json"
        card = json.loads(path.read_text(encoding="utf-8"))
        card["domain"] = card.get("domain", {}) | {
            "measure": MEASURE, "bias": results["bias"], "weights": results["weights"],
        }  # fmt: skip
        path.write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
