"""THE list of what askcam does besides answering. A feature is named here, and nowhere else outside its folder."""

from askcam.app.plugged import plugged_in
from askcam.app.watches import FEATURE as WATCHES
from askcam.features.calibration.feature import FEATURE as CALIBRATION
from askcam.features.desk.feature import FEATURE as DESK
from askcam.features.evidence.feature import FEATURE as EVIDENCE
from askcam.features.notify.feature import FEATURE as NOTIFY
from askcam.features.summary.feature import FEATURE as SUMMARY
from askcam.features.timeline.feature import FEATURE as TIMELINE
from askcam.server.feature import Feature

OURS: tuple[Feature, ...] = (
    DESK,
    WATCHES,
    CALIBRATION,
    EVIDENCE,
    SUMMARY,
    TIMELINE,
    NOTIFY,
)  # opened in this order, and closed in the other
PLUGGED, LEFT_OUT = plugged_in(OURS)  # those that other packages bring, and why some are not taken
FEATURES: tuple[Feature, ...] = (*OURS, *PLUGGED)
