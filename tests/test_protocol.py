import json

import pytest
from livekit.agents import types
from livekit.agents.voice.avatar import _datastream_io as livekit_avatar

from visavis import protocol
from visavis.playback import PlaybackFinished, SignOfLife
from visavis.protocol import (
    ARKIT_NAMES,
    AvatarDispatch,
    ProtocolError,
)


def test_our_names_do_not_drift_from_livekits() -> None:
    assert protocol.TOPIC_AUDIO_STREAM == livekit_avatar.AUDIO_STREAM_TOPIC
    assert protocol.RPC_CLEAR_BUFFER == livekit_avatar.RPC_CLEAR_BUFFER
    assert protocol.RPC_PLAYBACK_STARTED == livekit_avatar.RPC_PLAYBACK_STARTED
    assert protocol.RPC_PLAYBACK_FINISHED == livekit_avatar.RPC_PLAYBACK_FINISHED
    assert protocol.ATTRIBUTE_PUBLISH_ON_BEHALF == types.ATTRIBUTE_PUBLISH_ON_BEHALF


def test_blendshapes_do_not_lose_their_alphabetical_order() -> None:
    assert len(ARKIT_NAMES) == len(set(ARKIT_NAMES)) == 52
    assert list(ARKIT_NAMES) == sorted(ARKIT_NAMES)


def test_a_dispatch_survives_the_wire() -> None:
    dispatch = AvatarDispatch("agent-1", "avatar-1", head="maya", width=720)
    assert AvatarDispatch.from_json(dispatch.to_json()) == dispatch


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "not JSON"),
        ("[]", "JSON object"),
        ('{"agent_identity": "a"}', "avatar_identity"),
        ('{"agent_identity": "a", "avatar_identity": ""}', "avatar_identity"),
        ('{"agent_identity": "a", "avatar_identity": "b", "height": 511}', "height"),
        ('{"agent_identity": "a", "avatar_identity": "b", "width": true}', "width"),
        ('{"agent_identity": "a", "avatar_identity": "b", "head": 3}', "head"),
        ('{"agent_identity": "a", "avatar_identity": "b", "colour": "red"}', "colour"),
    ],
)
def test_a_malformed_dispatch_is_refused_with_its_reason(text: str, names: str) -> None:
    with pytest.raises(ProtocolError, match=names):
        AvatarDispatch.from_json(text)


def test_playback_finished_speaks_livekits_payload() -> None:
    payload = json.loads(PlaybackFinished(1.25, interrupted=True).to_json())
    assert payload == {"playback_position": 1.25, "interrupted": True}


def test_an_end_names_its_stream_only_to_those_who_ask() -> None:
    named = PlaybackFinished(0.5, interrupted=False, stream_id="S1")
    assert PlaybackFinished.from_json(named.to_json()) == named


def test_a_sign_of_life_survives_the_wire() -> None:
    sign = SignOfLife("S2", 1.5, True, (PlaybackFinished(0.5, False, "S1"),), 0.14)
    assert SignOfLife.from_json(sign.to_json()) == sign
    assert SignOfLife.from_json(SignOfLife().to_json().encode()) == SignOfLife()
    before = '{"stream_id":null,"position":0.0,"paused":false,"ended":[]}'
    assert SignOfLife.from_json(before) == SignOfLife(), "an older avatar is taken for dead"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"stream_id": 3, "position": 0, "paused": false, "ended": []}',
        '{"stream_id": null, "position": NaN, "paused": false, "ended": []}',
        '{"stream_id": null, "position": -1, "paused": false, "ended": []}',
        '{"stream_id": null, "position": true, "paused": false, "ended": []}',
        '{"stream_id": null, "position": 0, "paused": 0, "ended": []}',
        '{"stream_id": null, "position": 0, "paused": false, "ended": [1]}',
        '{"stream_id": null, "position": 0, "paused": false, "ended": [{"interrupted": 1}]}',
    ],
)
def test_a_malformed_sign_of_life_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        SignOfLife.from_json(text)
