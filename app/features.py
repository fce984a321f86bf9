"""THE list of what askcam does besides answering. A feature is named here, and nowhere else outside its folder."""

from askcam.features.evidence.feature import FEATURE as EVIDENCE
from askcam.features.notify.feature import FEATURE as NOTIFY
from askcam.features.summary.feature import FEATURE as SUMMARY
from askcam.features.timeline.feature import FEATURE as TIMELINE
from askcam.server.feature import Feature

FEATURES: tuple[Feature, ...] = (EVIDENCE, SUMMARY, TIMELINE, NOTIFY)  # opened in this order
