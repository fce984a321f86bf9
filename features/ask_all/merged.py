"""The end of an answer that is made of several cameras': how it was made."""

from dataclasses import dataclass
from typing import Literal

from askcam.server.steps import Done

MadeBy = Literal["model", "listing", "probabilities"]


@dataclass(frozen=True, slots=True)
class MergedDone(Done):
    """`usage`: of all cameras' answers, and of what made one of them; what a model server does not tell is 0."""

    made_by: MadeBy = "listing"
