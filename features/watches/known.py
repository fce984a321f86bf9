"""Which watches there are: those of askcam.toml, those that were made while a server ran, those that came with cameras
of a front. Pure."""

from collections.abc import Mapping

from askcam.features.watches.errors import NoSuchWatch, ReadOnlyWatch, TooManyWatches, WatchExists
from askcam.features.watches.setting import RESERVED, WatchSetting
from askcam.server.errors import Invalid
from askcam.server.given_names import quoted
from askcam.server.toml_file import NAME

MAX_WATCHES = 512  # of all kinds


class KnownWatches:
    """Owned by the event loop."""

    def __init__(self, listed: Mapping[str, WatchSetting]) -> None:
        """`listed`: the watches of askcam.toml."""
        self.listed = dict(listed)
        self.kept: dict[str, WatchSetting] = {}
        self.brought: dict[str, WatchSetting] = {}

    def all(self) -> dict[str, WatchSetting]:
        """Those of askcam.toml win over kept ones of the same name, and these over those that came with cameras."""
        return self.brought | self.kept | self.listed

    def __getitem__(self, name: str) -> WatchSetting:
        """Raises NoSuchWatch."""
        setting = self.all().get(name)
        if setting is None:
            raise NoSuchWatch(name)
        return setting

    def own(self, name: str) -> bool:
        """Whether it did not come with cameras."""
        return name in self.kept or name in self.listed

    def origin(self, name: str) -> str:
        """Those of a file are changed there only."""
        return "api" if name in self.kept and name not in self.listed else "file"

    def changeable(self, name: str) -> WatchSetting:
        """How it is set, if it may be changed while the server runs. Raises NoSuchWatch, ReadOnlyWatch."""
        setting = self[name]
        if name in self.listed:
            raise ReadOnlyWatch(name)
        if name not in self.kept:
            raise ReadOnlyWatch(name, "the front's file, or was made there")
        return setting

    def check_new(self, name: str) -> None:
        """Raises Refusal unless one more may be called so."""
        if not NAME.fullmatch(name):
            raise Invalid(f"{quoted(name)} cannot be a watch's name: use up to 63 of a-z, 0-9, '-', '_'", "name")
        if name in RESERVED:
            raise Invalid(f"{quoted(name)} cannot be a watch's name: /v1/watches/{name} is something else", "name")
        there = self.all()
        if name in there:
            raise WatchExists(name)
        if len(there) >= MAX_WATCHES:
            raise TooManyWatches(MAX_WATCHES)
