"""The packets of weights: what the page's decoder is held to as well, by the same bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.protocol import ProtocolError
from visavis.weights import SIZE, VERSION, SpokenPacket, WatchWeights, WeightsPacket

GOLDEN: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "weights_packets.json").read_text()
)


def packet(**changes: Any) -> WeightsPacket:
    values: dict[str, Any] = {"track": 7, "sequence": 3, "time_ms": 1000, "weights": (0.0,) * 52}
    return WeightsPacket(**(values | changes))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
def test_the_bytes_on_the_wire_do_not_change(golden: dict[str, Any]) -> None:
    fields = golden["packet"] | {"weights": tuple(golden["packet"]["weights"])}
    assert WeightsPacket(**fields).to_bytes().hex() == golden["hex"]
    read = WeightsPacket.from_bytes(bytes.fromhex(golden["hex"]))
    assert read.weights == pytest.approx(fields.pop("weights"), abs=0.5 / 255)
    assert {name: getattr(read, name) for name in fields} == fields


@given(
    st.lists(st.floats(0, 1), min_size=52, max_size=52),
    st.tuples(*[st.floats(-180, 180)] * 3),
    st.one_of(st.none(), st.integers(0, 2**32 - 1)),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_nothing_is_lost_on_the_wire_but_fine_steps(
    weights: list[float],
    pose: tuple[float, float, float],
    segment: int | None,
    time_ms: int,
    paused: bool,
) -> None:
    yaw, pitch, roll = pose
    sent = packet(
        weights=tuple(weights),
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        segment=segment,
        time_ms=time_ms,
        paused=paused,
    )
    data = sent.to_bytes()
    assert len(data) == SIZE == 76
    read = WeightsPacket.from_bytes(data)
    assert read.weights == pytest.approx(weights, abs=0.5 / 255 + 1e-9)
    assert (read.yaw, read.pitch, read.roll) == pytest.approx(pose, abs=0.0051)
    assert (read.segment, read.time_ms, read.paused) == (segment, time_ms, paused)


def test_counters_do_not_overflow() -> None:
    read = WeightsPacket.from_bytes(packet(sequence=65_536 + 5, time_ms=2**32 + 9).to_bytes())
    assert (read.sequence, read.time_ms) == (5, 9)


def test_a_weight_or_an_angle_out_of_range_does_not_break_the_packet() -> None:
    read = WeightsPacket.from_bytes(packet(weights=(-1.0, 2.0, *(0.0,) * 50), yaw=1e9).to_bytes())
    assert read.weights[:2] == (0.0, 1.0) and read.yaw == 327.0


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"", "None"),
        (bytes([VERSION]), "76 bytes, not 1"),
        (packet().to_bytes()[:-1], "not 75"),
        (bytes([VERSION + 1]) + packet().to_bytes()[1:], f"version {VERSION}, not {VERSION + 1}"),
    ],
)
def test_what_is_no_packet_is_refused_with_its_reason(data: bytes, names: str) -> None:
    with pytest.raises(ProtocolError, match=names):
        WeightsPacket.from_bytes(data)


def test_a_later_addition_does_not_shut_out_this_client() -> None:
    assert WeightsPacket.from_bytes(packet().to_bytes() + b"more") == packet()


def test_a_wish_to_watch_survives_the_wire() -> None:
    assert WatchWeights.from_json(WatchWeights(video=False).to_json()) == WatchWeights(video=False)
    assert WatchWeights.from_json("") == WatchWeights(video=True)


@pytest.mark.parametrize("text", ["[]", '{"video": 0}', '{"vidoe": true}', "no"])
def test_a_malformed_wish_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        WatchWeights.from_json(text)


def test_half_a_sample_is_not_taken_for_sound() -> None:
    whole = SpokenPacket(packet(), b"\1\2")
    assert SpokenPacket.from_bytes(whole.to_bytes()) == SpokenPacket(packet(), b"\1\2")
    with pytest.raises(ProtocolError, match="whole samples"):
        SpokenPacket.from_bytes(whole.to_bytes()[:-1])


def test_who_wants_sound_is_not_sent_the_silence_unasked() -> None:
    assert WatchWeights.from_json("").wants_idle
    assert not WatchWeights.from_json('{"audio": true}').wants_idle
    assert WatchWeights.from_json('{"audio": true, "idle": true}').wants_idle
    wish = WatchWeights(video=False, audio=True)
    assert WatchWeights.from_json(wish.to_json()) == wish
