"""Codes in pictures: what one picture shows, and what the pictures of the last second show together.

zxing-cpp reads whatever is clear, in all usual formats. Where bars are located that it cannot read, it gets them
upright and enlarged; then each digit is weighed as a whole (bars.py), and over the frames of a second.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from askcam.features.desk import bars
from askcam.features.desk.catalogue import gtin
from askcam.features.desk.locate import Luma, Region, locate, profile, straighten

Corners = tuple[tuple[float, float], ...]  # four, in pixels of the picture, from the code's top left, clockwise

# By name: zxing-cpp complains at the program's end about objects of its own that are still held then.
_LINEAR = ("EANUPC", "Code128")
_FORMATS = (*_LINEAR, "Code39", "ITF", "DataBar", "QRCode", "MicroQRCode", "DataMatrix", "Aztec", "PDF417")
_BINARIZERS = ("LocalAverage", "GlobalHistogram")
# One check digit, or none: small codes of these kinds are now and then misread (EAN-13s of 2 pixels a module among
# them). The others have checks that leave next to nothing to chance.
_UNSURE = frozenset(
    {"EAN-13", "UPC-A", "EAN-8", "UPC-E", "ISBN", "Code 39", "Code 39 Standard", "Code 39 Extended", "ITF", "ITF-14"}
)
MAX_TEXT = 512  # characters of one code
MAX_CODES = 8  # of one picture
ENLARGE = 3.0  # for zxing
FINE = 2.0  # for bars
SHEARS = np.linspace(-0.04, 0.04, 17)  # by which the bars may lean, after straightening
TURNED = 30.0  # degrees: what turns more from frame to frame is another code


@dataclass(frozen=True, slots=True)
class Code:
    """One code in one picture. `sure`: its own check is so strong that once is enough."""

    text: str  # retail numbers in their one form (catalogue/gtin.py)
    format: str  # "EAN-13", "QR Code"
    corners: Corners
    sure: bool

    @property
    def retail(self) -> str | None:
        """The number of goods it holds, if it does."""
        return number_of_goods(self.text, self.format)


def number_of_goods(text: str, code_format: str) -> str | None:
    """What a code with this text holds; None where it is of another kind, or no such number."""
    return gtin.normal(text) if code_format in ("EAN-13", "EAN-8", "UPC-A", "UPC-E", "ITF-14") else None


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """One reading direction of one patch of bars, and what it says of the digits."""

    region: Region
    direction: float  # degrees
    evidence: bars.BarEvidence


@dataclass(frozen=True, slots=True, eq=False)
class CodeReading:
    """What one picture showed."""

    codes: tuple[Code, ...]
    unread: tuple[Region, ...] = ()  # patches of bars that nobody could read
    weighed: tuple[Weighed, ...] = ()


def read(luma: Luma) -> CodeReading:
    """All codes of a picture (height, width) in gray. Takes some 10 ms at 960x540, and 40 ms more where bars cannot be
    read. Any thread; the interpreter's lock is free most of the time."""
    codes = _zxing(luma, _FORMATS)
    unread: list[Region] = []
    weighed: list[Weighed] = []
    for region in locate(luma) if not any(code.sure for code in codes) else ():
        inside = [code for code in codes if _within(code, region)]
        if codes and not inside:
            continue  # something else that looks like bars; there is a code to be had
        found = _weigh(luma, region)
        read_here = _confirmed(inside or _enlarged(luma, region), region, found)
        codes = [code for code in codes if code not in inside] + read_here
        weighed += found
        if read_here:
            continue
        number = next((best[0] for each in found if (best := bars.decide(each.evidence.cost)) is not None), None)
        if number is None:
            unread.append(region)
        else:
            codes.append(Code(number, "EAN-13", region.corners(), False))
    return CodeReading(tuple(codes[:MAX_CODES]), tuple(unread), tuple(weighed))


def _zxing(luma: Luma, names: Sequence[str], upright: bool = False) -> list[Code]:
    found: list[Code] = []
    formats = zxingcpp.BarcodeFormats([getattr(zxingcpp.BarcodeFormat, name) for name in names])
    for way in _BINARIZERS if upright else _BINARIZERS[:1]:
        binarizer = getattr(zxingcpp.Binarizer, way)
        for each in zxingcpp.read_barcodes(
            np.ascontiguousarray(luma), formats, not upright, not upright, not upright, binarizer=binarizer
        ):
            name, at = str(each.format), each.position
            corners = tuple(
                (float(p.x), float(p.y)) for p in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
            )
            text = each.text if not name.startswith(("EAN", "UPC")) else gtin.normal(each.text) or each.text
            if text and len(text) <= MAX_TEXT:
                found.append(Code(text, name, corners, name not in _UNSURE))
        if found:
            break
    return found


def _confirmed(codes: list[Code], region: Region, weighed: list[Weighed]) -> list[Code]:
    """The codes of one patch, each EAN-13 compared with its digits weighed as a whole: sure where they are the same,
    left out where they clearly are another number. zxing-cpp goes by single edges, and misreads small ones now and
    then."""
    tables = [each.evidence.cost for each in weighed]
    clear = {found[0] for table in tables if (found := bars.decide(table)) is not None}
    kept: list[Code] = []
    for code in codes:
        if code.format != "EAN-13" or len(code.text) != 13 or not _within(code, region):
            kept.append(code)
        elif not clear or code.text in clear:
            kept.append(replace(code, sure=any(bars.agrees(table, code.text) for table in tables)))
    return kept


def _within(code: Code, region: Region) -> bool:
    x, y = (sum(corner[i] for corner in code.corners) / len(code.corners) for i in (0, 1))
    return math.dist((x, y), region.center) < region.across / 2


def _enlarged(luma: Luma, region: Region) -> list[Code]:
    """What zxing reads of a patch that is turned upright and enlarged."""
    upright, back = straighten(luma, region, ENLARGE, 0.2)
    return [
        Code(each.text, each.format, tuple(_back(back, x, y) for x, y in each.corners), each.sure)
        for each in _zxing(upright, _LINEAR, True)
    ]


def _back(matrix: npt.NDArray[np.float64], x: float, y: float) -> tuple[float, float]:
    return float(matrix[0] @ (x, y, 1)), float(matrix[1] @ (x, y, 1))


def _weigh(luma: Luma, region: Region) -> list[Weighed]:
    """What the bars say of digits, in both directions in which they may be read."""
    upright, _ = straighten(luma, region, FINE, 0.2)
    line = _sharpest(upright)
    ways = ((line, region.angle), (np.ascontiguousarray(line[::-1]), region.angle + 180))
    return [Weighed(region, angle % 360, found) for way, angle in ways if (found := bars.evidence(way)) is not None]


def _sharpest(upright: Luma) -> bars.Line:
    """The mean line across bars that may still lean a little: the lean at which it has most contrast is theirs."""
    height, width = upright.shape
    best, most = profile(upright, 0.6), -1.0
    for shear in SHEARS:
        lean = np.array([[1, shear, -shear * height / 2], [0, 1, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        leant = cv2.warpAffine(upright, lean, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        line = profile(np.asarray(leant, np.uint8), 0.6)
        contrast = float(np.square(np.diff(line)).sum())
        if contrast > most:
            best, most = line, contrast
    return best


class Burst:
    """The readings of the last `span_s` seconds of one camera. Owned by one thread; time comes in as an argument."""

    def __init__(self, span_s: float = 1.0, max_readings: int = 12) -> None:
        self._span_s = span_s
        self._held: deque[tuple[float, CodeReading]] = deque(maxlen=max_readings)  # the oldest falls out

    def add(self, reading: CodeReading, mono: float) -> tuple[Code, ...]:
        """Take in what a picture captured at `mono` (seconds) showed; returns its codes, and those that only all
        pictures together show."""
        while self._held and self._held[0][0] < mono - self._span_s:
            self._held.popleft()
        self._held.append((mono, reading))
        if reading.codes:
            return reading.codes
        together: list[Code] = []
        for newest in reading.weighed:
            tables = [each.evidence.cost for _, held in self._held for each in held.weighed if _same(each, newest)]
            found = bars.together(tables) if len(tables) > 1 else None
            if found is not None:
                together.append(Code(found[0], "EAN-13", newest.region.corners(), False))
                self._held.clear()  # what verifies it must be other pictures
        return tuple(together[:1])

    def forget(self) -> None:
        """The scene is another one."""
        self._held.clear()


def _same(one: Weighed, other: Weighed) -> bool:
    """Whether two patches may be the same code, read in the same direction."""
    turned = abs((one.direction - other.direction + 180) % 360 - 180)
    far = math.dist(one.region.center, other.region.center)
    alike = 0.75 < one.region.across / other.region.across < 1.33
    return turned < TURNED and far < other.region.across and alike
