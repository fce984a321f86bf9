"""docs/rooms.svg: the rooms and who imports whom, out of the imports. `python tests/house/draw.py` draws it anew.

A room is a package; one within another stands in its frame, whose name stands for the modules beside it. In a frame an
arrow leads from a room to one that it imports; those that other arrows imply, and those to and from the frame itself,
are left out. Below a room's name is what it imports of other frames. Arrows between frames are reduced in the same way.
"""

import ast
import sys
from collections import defaultdict
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import grimp

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs/rooms.svg"
FLOORS = (("app",), ("features", "cluster"), ("server",), ("engine", "demo", "client"), ("stream",))
BOX = (196, 40)  # of a room: pixels
BEND = 20  # as wide is the place of an arrow that passes a row
GAP_X, GAP_Y, HEAD, MARGIN, BETWEEN = 16, 30, 34, 14, 26
SWEEPS = 12
STYLE = """
  svg {
    --back: #ffffff; --frame: #f3f5f8; --box: #ffffff; --line: #c5ccd6;
    --text: #1c2430; --muted: #5d6878; --arrow: #3d6fb4; --up: #c0392b;
  }
  @media (prefers-color-scheme: dark) {
    svg {
      --back: #14181e; --frame: #1c222b; --box: #262e3a; --line: #3b4656;
      --text: #e8ecf2; --muted: #9aa7b8; --arrow: #7fb0f0; --up: #ff7b6b;
    }
  }
  text { font-family: system-ui, sans-serif; fill: var(--text); font-size: 14px; font-weight: 600; }
  .uses { font-size: 11px; font-weight: 400; fill: var(--muted); }
  .frame { fill: var(--frame); stroke: var(--line); }
  .box { fill: var(--box); stroke: var(--line); }
  path { fill: none; stroke: var(--arrow); stroke-width: 1.4; }
  path.up { stroke: var(--up); }
  marker path { fill: var(--arrow); stroke: none; }
"""
MARKER = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker>'
)
Arrows = dict[str, set[str]]


class Part(NamedTuple):
    """A frame, drawn from its own top left corner."""

    width: int
    height: int
    svg: list[str]


def room_of(module: str) -> str:
    """ "server/desk" of "askcam.server.desk.shelf", "server" of "askcam.server.core"."""
    parts = module.split(".")[1:3]
    return "/".join(parts if (ROOT.joinpath(*parts) / "__init__.py").exists() else parts[:1])


def rooms() -> Arrows:
    """By room, those that its modules import."""
    graph = grimp.build_graph(*(f"askcam.{name}" for row in FLOORS for name in row), cache_dir=None)
    found: Arrows = {}
    for module in sorted(graph.modules):
        used = {room_of(each) for each in graph.find_modules_directly_imported_by(module)}
        found.setdefault(room_of(module), set()).update(used - {room_of(module)})
    return found


def forward(arrows: Arrows) -> Arrows:
    """Without those that lead back to where they come from, so that there is an order."""
    kept: Arrows = {room: set() for room in arrows}
    done: set[str] = set()

    def visit(room: str, way: tuple[str, ...]) -> None:
        for used in sorted(arrows[room]):
            if used not in way:
                kept[room].add(used)
                if used not in done:
                    visit(used, (*way, used))
        done.add(room)

    for room in sorted(arrows, key=lambda one: (sum(one in used for used in arrows.values()), one)):
        if room not in done:
            visit(room, (room,))
    return kept


def below(arrows: Arrows, room: str) -> set[str]:
    return {each for used in arrows[room] for each in {used, *below(arrows, used)}}


def reduced(arrows: Arrows) -> Arrows:
    """Without those that others imply."""
    return {
        room: {one for one in used if not any(one in below(arrows, other) for other in used - {one})}
        for room, used in arrows.items()
    }


def depth(arrows: Arrows, room: str) -> int:
    """How many rows stand above it."""
    return max((depth(arrows, other) + 1 for other, used in arrows.items() if room in used), default=0)


def placed(arrows: Arrows) -> tuple[dict[tuple[str, ...], tuple[int, int]], int, int]:
    """Middles of rooms, (room,), and of bends, (from, to, row), relative to the frame; its width and height."""
    rows: list[list[tuple[str, ...]]] = [[] for _ in range(1 + max(depth(arrows, room) for room in arrows))]
    ways: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)  # what stands above and below
    for room in sorted(arrows):
        rows[depth(arrows, room)].append((room,))
        for used in sorted(arrows[room]):
            first, last = depth(arrows, room), depth(arrows, used)
            chain = [(room,), *((room, used, str(row)) for row in range(first + 1, last)), (used,)]
            for row, bend in enumerate(chain[1:-1], first + 1):
                rows[row].append(bend)
            for one, other in pairwise(chain):
                ways[one].append(other)
                ways[other].append(one)
    widths = [sum(BOX[0] if len(one) == 1 else BEND for one in row) + GAP_X * (len(row) - 1) for row in rows]
    middle: dict[tuple[str, ...], float] = {}

    def spread(index: int) -> None:
        x = (max(widths) - widths[index]) / 2
        for one in rows[index]:
            width = BOX[0] if len(one) == 1 else BEND
            middle[one] = x + width / 2
            x += width + GAP_X

    for index in range(len(rows)):
        spread(index)
    for sweep in range(SWEEPS):  # each row by where its neighbours in the row before are
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for index in order:
            near = {*rows[index - 1]} if sweep % 2 == 0 else {*rows[index + 1]}
            pull = {one: [middle[each] for each in ways[one] if each in near] or [middle[one]] for one in rows[index]}
            rows[index].sort(key=lambda one, pull=pull: (round(sum(pull[one]) / len(pull[one])), one))  # type: ignore[misc]
            spread(index)
    height = BOX[1] + GAP_Y
    where = {one: (round(middle[one]), row * height + BOX[1] // 2) for row, ones in enumerate(rows) for one in ones}
    return where, max(widths), len(rows) * height - GAP_Y


def path(points: list[tuple[int, int]], kind: str) -> str:
    """A curve through these places, which leaves and comes in straight down."""
    (x, y), *rest = points
    drawn = f"M{x} {y}"
    for to_x, to_y in rest:
        drawn += f"V{to_y}" if to_x == x else f"C{x} {(y + to_y) // 2} {to_x} {(y + to_y) // 2} {to_x} {to_y}"
        x, y = to_x, to_y
    more = {"both": ' marker-start="url(#tip)"', "up": ' class="up"'}.get(kind, "")
    return f'<path d="{drawn}" marker-end="url(#tip)"{more}/>'


def said(room: str) -> str:
    """What a package says that it is, for who points at it."""
    words = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text())) or ""
    return f"<title>{escape(f'{room}: {words.splitlines()[0] if words else str()}')}</title>"


def uses(room: str, all_rooms: Arrows) -> str:
    """The frames that it imports, its own left out."""
    return " ".join(sorted({used.partition("/")[0] for used in all_rooms[room]} - {room.partition("/")[0]}))


def box(room: str, x: int, y: int, all_rooms: Arrows) -> str:
    """A room, around its middle."""
    told, (width, height) = uses(room, all_rooms), BOX
    corner = f'x="{x - width // 2}" y="{y - height // 2}"'
    return (
        f'<g>{said(room)}<rect class="box" {corner} width="{width}" height="{height}" rx="6"/>'
        f'<text x="{x}" y="{y - 2 if told else y + 5}" text-anchor="middle">{room.partition("/")[2]}</text>'
        f'<text class="uses" x="{x}" y="{y + 13}" text-anchor="middle">{told}</text></g>'
    )


def frame(floor: str, all_rooms: Arrows) -> Part:
    """One of the top folders, with the rooms in it."""
    inner = {room: used for room, used in all_rooms.items() if room.startswith(f"{floor}/")}
    inner = {room: used & set(inner) for room, used in inner.items()}
    told = uses(floor, all_rooms)
    width, height = max(BOX[0], 8 * len(floor) + 6 * len(told) + 12), 0
    svg: list[str] = []
    if inner:
        ahead = forward(inner)
        arrows = reduced(ahead)
        where, inner_width, height = placed(arrows)
        width, shift = max(width, inner_width), max(0, width - inner_width) // 2
        for room, used in sorted(arrows.items()):
            for other in sorted(used):
                bends = [where[one] for one in sorted(where) if one[:2] == (room, other) and len(one) == 3]
                points = [(where[(room,)][0], where[(room,)][1] + BOX[1] // 2)]
                points += [(x, y + side) for x, y in sorted(bends, key=lambda one: one[1]) for side in (-18, 18)]
                points.append((where[(other,)][0], where[(other,)][1] - BOX[1] // 2))
                svg.append(path([(x + shift, y) for x, y in points], "both" if room in inner[other] else ""))
        for room, used in sorted(inner.items()):
            for other in sorted(used - ahead[room]):
                if room not in arrows[other]:
                    (x, y), (to_x, to_y) = where[(room,)], where[(other,)]
                    svg.append(path([(x + shift, y - BOX[1] // 2), (to_x + shift, to_y + BOX[1] // 2)], "up"))
        for room in sorted(inner):
            svg.append(box(room, where[(room,)][0] + shift, where[(room,)][1], all_rooms))
    outer = (width + 2 * MARGIN, height + HEAD + (MARGIN if inner else 4))
    head = f'<g>{said(floor)}<rect class="frame" width="{outer[0]}" height="{outer[1]}" rx="8"/>'
    head += f'<text x="{MARGIN}" y="23">{floor}<tspan class="uses" dx="8">{told}</tspan></text></g>'
    return Part(*outer, [head, f'<g transform="translate({MARGIN} {HEAD})">', *svg, "</g>"])


def drawn() -> str:
    """The whole drawing."""
    all_rooms = rooms()
    parts = {floor: frame(floor, all_rooms) for row in FLOORS for floor in row}
    lines = [sum(parts[floor].width for floor in row) + BETWEEN * (len(row) - 1) for row in FLOORS]
    total, y = max(lines) + 2 * MARGIN, MARGIN
    at: dict[str, tuple[int, int]] = {}
    body: list[str] = []
    for row, line in zip(FLOORS, lines, strict=True):
        x = (total - line) // 2
        for floor in row:
            at[floor] = (x, y)
            body += [f'<g transform="translate({x} {y})">', *parts[floor].svg, "</g>"]
            x += parts[floor].width + BETWEEN
        y += max(parts[floor].height for floor in row) + BETWEEN
    floors: Arrows = {floor: set() for floor in parts}
    for room, used in all_rooms.items():
        floors[room.partition("/")[0]] |= {one.partition("/")[0] for one in used} - {room.partition("/")[0]}
    for floor, others in sorted(reduced(forward(floors)).items()):
        for other in sorted(others):
            (x, top), (to_x, to_y) = at[floor], at[other]
            left, right = (
                max(x, to_x),
                min(x + parts[floor].width, to_x + parts[other].width),
            )  # where one is over the other
            middle = (left + right) // 2 if left < right else to_x + parts[other].width // 2
            start = middle if left < right else x + parts[floor].width // 2
            body.append(path([(start, top + parts[floor].height), (middle, to_y)], ""))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{y}" viewBox="0 0 {total} {y}">',
            "<title>Rooms, and who imports whom</title>",
            "<!-- The rooms and who imports whom. Drawn by `python tests/house/draw.py`, not by hand. -->",
            f"<style>{STYLE}</style><defs>{MARKER}</defs>",
            '<rect width="100%" height="100%" style="fill: var(--back)"/>',
            *body,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    FILE.write_text(drawn(), encoding="utf-8")
    sys.stdout.write(f"{FILE.relative_to(ROOT)}: {len(rooms())} rooms\n")
