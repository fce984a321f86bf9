"""What the keeping of calibrations refuses."""

from askcam.server.errors import Conflict, NotFound


class NotCalibrated(NotFound):
    code = "not_calibrated"


class OtherQuestion(Conflict):
    """The watch asks something else by now."""

    code = "other_question"
