"""Who asks: one value that the guard puts into a request's scope. Whatever is looked up or listed by camera goes by it.
Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Rights = Literal["ask", "watch", "admin"]  # as askcam.toml has them


class Role(StrEnum):
    VIEWER = "viewer"  # may ask, look and listen, and push a private camera
    WATCHER = "watcher"  # may also make, change and remove watches
    ADMIN = "admin"  # may also add and remove cameras, and everything else

    def may(self, need: "Role") -> bool:
        return _ORDER.index(self) >= _ORDER.index(need)


_ORDER = (Role.VIEWER, Role.WATCHER, Role.ADMIN)
MADE_BY_NAMED = "#"  # in no name
ROLE_OF: dict[Rights, Role] = {"ask": Role.VIEWER, "watch": Role.WATCHER, "admin": Role.ADMIN}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose token, pass or sign-in a request has shown."""

    name: str  # of [tokens.NAME]; of the two tokens of [server]: "viewer", "admin"
    role: Role
    cameras: frozenset[str] | None = None  # None: all there are, and those that come
    key: str = ""  # which token of that name: another one, made later, is somebody else

    @property
    def admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def sees_all(self) -> bool:
        return self.cameras is None

    @property
    def named(self) -> bool:
        """Whether it is somebody of its own, and not whoever has a token of [server]."""
        return bool(self.key)

    @property
    def owner(self) -> str:
        """Under which name its sessions, responses and private cameras are kept."""
        return f"{self.name}{MADE_BY_NAMED}{self.key}" if self.key else self.name

    def may_have(self, owner: str) -> bool:
        """Whether what `owner` has made is to be had by whoever knows its id: one's own; for those who have a token of
        [server], what was made by such a token; for an admin, everything."""
        return self.admin or owner == self.owner or not (self.named or MADE_BY_NAMED in owner)

    def sees(self, camera: str | None) -> bool:
        """Whether a public camera is there for it; what is about no camera is everybody's."""
        return self.cameras is None or camera is None or camera in self.cameras

    def sees_every(self, cameras: Iterable[str]) -> bool:
        return self.cameras is None or self.cameras.issuperset(cameras)

    def sees_any(self, cameras: Iterable[str]) -> bool:
        return self.cameras is None or not self.cameras.isdisjoint(cameras)

    def among(self, cameras: Iterable[str]) -> list[str]:
        """Those of these that it sees, in their order."""
        return [name for name in cameras if self.cameras is None or name in self.cameras]


THE_VIEWER = Viewer("viewer", Role.VIEWER)  # whoever has the token of [server]
THE_ADMIN = Viewer("admin", Role.ADMIN)  # whoever has its admin_token; without any token, everybody
THE_SERVER = Viewer("server", Role.ADMIN)  # nobody asks: the server itself looks
KEYED = Viewer("keyed", Role.VIEWER, frozenset())  # a shard, by its own token: no person
STRANGER = Viewer("stranger", Role.VIEWER, frozenset())  # nothing was shown yet
TAKEN_NAMES = frozenset(each.name for each in (THE_VIEWER, THE_ADMIN, THE_SERVER, KEYED, STRANGER)) | {"mqtt"}
