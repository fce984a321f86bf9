"""Proposing a watch, and carrying the proposal out once somebody has said yes."""

import re
import time
from collections.abc import Collection

from askcam.client.watches import WatchInfo, WatchProposal
from askcam.features.watches.proposals import KEPT_S, MOST_OF_ONE, MOST_OF_VIEWERS, Proposal
from askcam.features.watches.seen import create, remove, sees_proposal
from askcam.features.watches.service import Watching
from askcam.features.watches.setting import WatchSetting
from askcam.server.access.viewer import Viewer
from askcam.server.errors import NotFound, TooMany
from askcam.server.given_names import quoted
from askcam.server.language.chinese import is_chinese

SMALL_WORDS = frozenset(
    "a an the is are there does do did any some of on in at to it this that answer yes or no".split()  # noqa: SIM905
)
MAX_WORDS = 4  # of a name


def propose(
    watching: Watching, name: str | None, setting: WatchSetting, answer_id: str, by: str | None = None
) -> Proposal:
    """`by`: as of Proposal. Raises Refusal for what could not be made anyway."""
    now = time.monotonic()
    taken = {info.name for info in watching.all()} | watching.proposals.names(now)
    name = name or free_name(setting.question, taken)
    watching.check(name, setting)
    return watching.proposals.add(name, setting, answer_id, now, by)


def propose_removal(watching: Watching, name: str, answer_id: str) -> Proposal:
    """Raises Refusal for a watch that cannot be removed."""
    watching.changeable(name)
    return watching.proposals.add(name, None, answer_id, time.monotonic())


def check_room(watching: Watching, by: str) -> None:
    """Raises TooMany where this client, or all that are no admins, wait for a yes to too many."""
    if not watching.proposals.room(by, time.monotonic()):
        told = (
            f"{MOST_OF_ONE} of yours, or {MOST_OF_VIEWERS} of all, wait for an admin's yes already; each waits "
            f"{KEPT_S / 60:g} minutes"
        )
        raise TooMany(told, code="too_many_proposals")


def found(watching: Watching, proposal_id: str, viewer: Viewer) -> Proposal:
    """Raises NotFound, also for one about cameras that the viewer does not see."""
    proposal = watching.proposals.get(proposal_id, time.monotonic())
    if proposal is None or not sees_proposal(watching, proposal, viewer):
        minutes = KEPT_S / 60
        told = (
            f"nothing is proposed as {quoted(proposal_id)}; a proposal waits {minutes:g} minutes, and not over restarts"
        )
        raise NotFound(told, "id")
    return proposal


async def confirm(watching: Watching, proposal_id: str, viewer: Viewer) -> WatchInfo | None:
    """Carry it out; None: the watch was removed. Raises Refusal, and then the proposal still waits."""
    proposal = found(watching, proposal_id, viewer)
    if proposal.setting is None:
        await remove(watching, proposal.name, viewer)
        info = None
    else:
        info = await create(watching, proposal.name, proposal.setting, viewer)
    watching.proposals.drop(proposal_id)
    return info


def as_told(proposal: Proposal) -> WatchProposal:
    """As clients are told."""
    setting = proposal.setting
    return WatchProposal(
        id=proposal.id,
        action="remove" if setting is None else "create",
        name=proposal.name,
        question=None if setting is None else setting.question,
        cameras=[] if setting is None else list(setting.cameras),
        every_s=None if setting is None else setting.every_s,
        for_s=None if setting is None else setting.for_s,
        severity=None if setting is None else setting.severity.value,
        by_viewer=proposal.by is not None,
    )


def free_name(question: str, taken: Collection[str]) -> str:
    """A watch's name made of the words of its question: "apple-desk"; with a number where that is taken."""
    words = [word for word in re.findall(r"[a-z0-9]+", question.casefold()) if word not in SMALL_WORDS]
    name = "-".join(words[:MAX_WORDS])[:40].strip("-") or "watch"
    return next(each for each in (name, *(f"{name}-{i}" for i in range(2, 10_000))) if each not in taken)


def asked_for_yes(question: str) -> str:
    """The question with the words that make a model begin its answer with yes or no, unless it has them."""
    text = question.strip()
    if is_chinese(text) or re.search(r"\byes\b", text, re.IGNORECASE):
        return text
    return f"{text.rstrip('.?! ')}? Answer yes or no."
