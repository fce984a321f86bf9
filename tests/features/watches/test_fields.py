"""A watch's fields are written down once: what clients may write is made of them; what they are told has them all."""

from dataclasses import fields

from askcam.client.watches import WatchInfo
from askcam.features.watches.bodies import NewWatch, WatchChange
from askcam.features.watches.setting import WatchSetting

FIELDS = tuple(each.name for each in fields(WatchSetting))


def test_clients_may_write_all_of_them() -> None:
    assert NewWatch.__struct_fields__ == ("name", *FIELDS)
    assert WatchChange.__struct_fields__ == FIELDS


def test_clients_are_told_all_of_them() -> None:
    assert set(FIELDS) - set(WatchInfo.__struct_fields__) == set()
