"""Shapes drawn over a camera's picture, in shares of it: (0, 0) is the upper left corner, (1, 1) the lower right."""

from collections.abc import Sequence

Point = tuple[float, float]  # x, y
Polygon = tuple[Point, ...]

MAX_POINTS = 32  # of one
MAX_MASKS = 16  # of a camera
LEAST_AREA = 1e-6  # of the picture: a pixel of a megapixel
_GRID = 1 << 40  # whole numbers compare without rounding


def check_polygon(polygon: Polygon, called: str) -> None:
    """Raises ValueError, naming what is `called` so, its value at fault and what helps."""
    if len(polygon) < 3:
        raise ValueError(f"{called} has {len(polygon)} points; a polygon has 3 or more")
    if len(polygon) > MAX_POINTS:
        raise ValueError(f"{called} has {len(polygon)} points; at most {MAX_POINTS} are taken: leave some out")
    for x, y in polygon:
        if not (0 <= x <= 1 and 0 <= y <= 1):  # no number, too
            raise ValueError(
                f"{called} has a point ({x:g}, {y:g}); points are shares of the picture, 0 to 1: divide pixels by its "
                "width and height"
            )
    corners = [(round(x * _GRID), round(y * _GRID)) for x, y in polygon]
    if polygon[0] == polygon[-1]:
        raise ValueError(f"{called} ends with its first point again; leave the last one out: it is closed by itself")
    nothing = f"{called} covers nothing: its points lie on a line, or nearly at one place; move them apart"
    if _on_a_line(corners):
        raise ValueError(nothing)
    if (at := _crossing(corners)) is not None:
        first, second = at
        raise ValueError(
            f"{called} crosses or touches itself: its side from point {first + 1} meets that from point {second + 1}; "
            "name the points in their order around it, or make two polygons of it"
        )
    if _doubled_area(corners) < 2 * LEAST_AREA * _GRID * _GRID:
        raise ValueError(nothing)


def check_masks(polygons: Sequence[Polygon]) -> None:
    """Raises ValueError naming `masks`, the polygon by its number, and what helps."""
    if len(polygons) > MAX_MASKS:
        raise ValueError(f"masks: there are {len(polygons)}; at most {MAX_MASKS} are taken: join those that touch")
    for number, polygon in enumerate(polygons, 1):
        check_polygon(polygon, f"masks: polygon {number}")


def box(polygon: Polygon) -> tuple[float, float, float, float]:
    """The least upright rectangle around it: left, top, right, bottom."""
    xs, ys = zip(*polygon, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


Corner = tuple[int, int]


def _doubled_area(corners: Sequence[Corner]) -> int:
    turned = zip(corners, (*corners[1:], corners[0]), strict=True)
    return abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in turned))


def _on_a_line(corners: Sequence[Corner]) -> bool:
    first = corners[0]
    farthest = max(corners, key=lambda corner: abs(corner[0] - first[0]) + abs(corner[1] - first[1]))
    return all(_side(first, farthest, corner) == 0 for corner in corners)


def _crossing(corners: Sequence[Corner]) -> tuple[int, int] | None:
    """Two sides that meet where they must not, by index."""
    sides = list(zip(corners, (*corners[1:], corners[0]), strict=True))
    for i, (start, end) in enumerate(sides):
        if start == end:
            return i, i
        for j in range(i + 1, len(sides)):
            if j == i + 1 or (i == 0 and j == len(sides) - 1):  # neighbours share a point
                one, shared, other = (start, end, sides[j][1]) if j == i + 1 else (end, start, sides[j][0])
                if _side(one, shared, other) == 0 and _ahead(shared, one, other):
                    return i, j
            elif _meet(start, end, *sides[j]):
                return i, j
    return None


def _side(a: Corner, b: Corner, c: Corner) -> int:
    """On which side of the line from a to b c lies."""
    turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (turn > 0) - (turn < 0)


def _ahead(of: Corner, one: Corner, other: Corner) -> bool:
    """Whether both lie in the same direction: the second side goes back over the first."""
    return (one[0] - of[0]) * (other[0] - of[0]) + (one[1] - of[1]) * (other[1] - of[1]) > 0


def _meet(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]):
        return False
    if max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0
