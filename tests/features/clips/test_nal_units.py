"""H.264 and H.265 as cameras send them: real encoders' streams, in both forms, and garbage."""

import io
from fractions import Fraction

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clip_packets import encoded

from askcam.features.clips.nal_units import (
    SETS,
    START,
    kind,
    length_size,
    lengthy_units,
    parameters,
    prefixed,
    units,
    with_start_codes,
)

codecs = pytest.mark.parametrize("codec", ["h264", "hevc"])


def boxed(codec: str) -> tuple[bytes, list[bytes]]:
    """Extradata and packets of the same as an MP4 has them: lengths before the units."""
    pictures, file = encoded(codec, 6, 3), io.BytesIO()
    with av.open(file, "w", format="mp4") as out, av.open(io.BytesIO(pictures[0][0]), format=codec) as like:
        stream = out.add_stream_from_template(like.streams.video[0])
        for i, (data, key, _) in enumerate(pictures):
            packet = av.Packet(data)
            packet.pts = packet.dts = i
            packet.time_base, packet.is_keyframe, packet.stream = Fraction(1, 10), key, stream
            out.mux(packet)
    with av.open(io.BytesIO(file.getvalue())) as there:
        extradata = bytes(there.streams.video[0].codec_context.extradata or b"")
        return extradata, [bytes(packet) for packet in there.demux(video=0) if packet.size]


@codecs
def test_parameters_are_found_in_the_stream_and_in_a_record(codec: str) -> None:
    key = encoded(codec, 6, 3)[0][0]
    found = parameters(codec, key, b"")
    assert found.whole
    assert {kind(codec, unit) for unit in units(found.data())} == set(SETS[codec])
    record, packets = boxed(codec)
    assert prefixed(record)
    assert not prefixed(key)
    assert parameters(codec, b"", record).data() == found.data()
    assert parameters(codec, with_start_codes(codec, packets[0], record), record) == found


@codecs
def test_both_forms_come_to_the_same_units(codec: str) -> None:
    record, packets = boxed(codec)
    for (data, _, _), packed in zip(encoded(codec, 6, 3), packets, strict=True):
        plain = [unit for unit in units(data) if kind(codec, unit) not in SETS[codec]]
        mended = [
            unit for unit in units(with_start_codes(codec, packed, record)) if kind(codec, unit) not in SETS[codec]
        ]
        assert mended == plain
        assert with_start_codes(codec, data, b"") == data


@codecs
def test_other_sizes_have_other_parameters(codec: str) -> None:
    small, large = encoded(codec, 2, 2)[0][0], encoded(codec, 2, 2, width=480)[0][0]
    assert parameters(codec, small, b"") != parameters(codec, large, b"")
    assert parameters(codec, large, parameters(codec, small, b"").data()) == parameters(codec, large, b"")


@codecs
def test_a_stream_that_never_says_them_is_known(codec: str) -> None:
    delta = next(data for data, key, _ in encoded(codec, 6, 3) if not key)
    assert not parameters(codec, delta, b"").whole


@pytest.mark.parametrize("codec", list(SETS))
@given(data=st.binary(max_size=200), extradata=st.binary(max_size=80), record=st.booleans())
def test_garbage_raises_nothing(codec: str, data: bytes, extradata: bytes, record: bool) -> None:
    extradata = b"\x01" * record + extradata
    found = parameters(codec, data, extradata)
    assert all(what in SETS[codec] for what, _ in found.sets)
    assert 1 <= length_size(codec, extradata) <= 4
    plain = with_start_codes(codec, data, extradata)
    assert sum(map(len, units(plain))) <= len(data)


@given(st.lists(st.binary(min_size=1, max_size=40).map(lambda unit: b"\x41" + unit.replace(b"\0", b"\1")), max_size=8))
def test_units_come_back_as_they_were_written(some: list[bytes]) -> None:
    assert list(units(b"".join(START + unit for unit in some))) == some
    assert list(lengthy_units(b"".join(len(unit).to_bytes(4) + unit for unit in some), 4)) == some
