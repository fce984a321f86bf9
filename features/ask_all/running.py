"""Questions to several cameras in one running server."""

from askcam.features.ask_all import api
from askcam.features.ask_all.asking import AskAll
from askcam.server.answering.several import ALL
from askcam.server.core import Core
from askcam.server.running import Running


class AskAllRunning(Running):
    def __init__(self, core: Core) -> None:
        asking = AskAll(core.asking, core.cameras, core.answers, core.questions)
        self.endpoints = api.endpoints(core, asking)
        self.answerers = {ALL: asking}
