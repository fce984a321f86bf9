"""JPEGs of now: whoever asks for one leaves nothing behind."""

import asyncio

from askcam.server.pictures import Pictures
from askcam.stream.camera import Camera
from askcam.stream.errors import CameraUnavailable
from askcam.stream.fit import as_is
from askcam.stream.sources.push import PushSource
from askcam.stream.window import Anchors


async def test_who_asks_a_camera_without_a_picture_leaves_nothing_behind() -> None:
    camera, pictures = Camera("lobby", PushSource().spec(), fit=as_is, anchors=Anchors()), Pictures()
    asked = [asyncio.ensure_future(pictures.jpeg(camera, width % 200)) for width in range(100, 500)]
    await asyncio.sleep(0)
    assert pictures.num_asked == 200
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(each) for each in found} == {CameraUnavailable}
    assert pictures.num_asked == 0


async def test_who_goes_away_leaves_nothing_behind() -> None:
    camera, pictures = Camera("lobby", PushSource().spec(), fit=as_is, anchors=Anchors()), Pictures()
    first, second = (asyncio.ensure_future(pictures.jpeg(camera)) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert pictures.num_asked == 0
