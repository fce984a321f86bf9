"""The wire's type of a watch's calibration: how sure it is against how often it is right."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Name = Annotated[str, Meta(max_length=200)]
Interval = tuple[Share, Share]


class Proposed(msgspec.Struct, frozen=True):
    """Thresholds of a watch."""

    on: Share
    off: Share


class Worth(msgspec.Struct, frozen=True):
    """Of the proposed `on`, on the very samples. None: nothing was called so."""

    precision: Share | None  # of what it calls "on", how much is so
    recall: Share | None  # of what is so, how much it calls "on"


class CalibrationBin(msgspec.Struct, frozen=True):
    """Moments whose probability is in [from, to); of the last bin, `to` as well."""

    start: Share = msgspec.field(name="from")
    end: Share = msgspec.field(name="to")
    count: Count
    mean_probability: Share | None  # None: there are none
    share_true: Share | None


class Calibration(msgspec.Struct, frozen=True):
    """GET and PUT /v1/watches/{name}/calibration, and `askcam watch calibrate --json`."""

    watch: Name | None  # None: of a question that is no watch's; PUT takes it for the watch that it names
    camera: Name | None  # whose recording it was, where that was said
    question: Annotated[str, Meta(max_length=1000)]
    source: Name  # what was looked at
    model: Name
    made_at: Annotated[str, Meta(max_length=40)]  # RFC 3339
    samples: Count  # moments
    positives: Count  # those of them that are so
    blind: Count  # further moments, at which the model began its answer with other words
    enough: bool  # false: too few moments to go by; `notes` says of what
    ece: Share  # expected calibration error, ten bins of equal width
    brier: Share
    auc: Share | None  # area under the ROC; None while all moments are so, or none is
    precision: Share  # that the proposed thresholds had to reach
    proposed: Proposed | None  # None: no threshold reaches it
    worth: Worth | None
    intervals: Annotated[dict[str, Interval | None], Meta(max_length=16)]  # 95%, of ece, brier, auc, on, ...
    roc: Annotated[list[tuple[Share, Share, Share | None]], Meta(max_length=1000)]
    # each: false positive rate, true positive rate, threshold (None: above all)
    bins: Annotated[list[CalibrationBin], Meta(max_length=100)]
    notes: Annotated[list[Annotated[str, Meta(max_length=500)]], Meta(max_length=20)]
    object: Literal["askcam.calibration"]
