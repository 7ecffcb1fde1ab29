"""Files that are broken in thousands of ways: a head, or one sentence; never more memory or time.

``FUZZ_MUTATIONS`` asks for a longer run.
"""

from __future__ import annotations

import copy
import json
import os
import resource
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from avatar_worker.heads import HeadError
from avatar_worker.render import Head
from avatar_worker.render.gltf.meshopt import MeshoptError, decode_view
from avatar_worker.render.limits import MAX_DECODED_BYTES
from avatar_worker.render.reader import read_head

from .head_files import READY_PLAYER_ME, Document, build_head, pack, unpack
from .head_packing import encode_attributes, encode_triangles, pack_views
from .test_head_dialects import VRM_0, VRM_1

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "800"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
SLOWEST = 20.0
"""Seconds of this thread's own time, for any file, on any machine: a hang, not a measure."""
HOSTILE: tuple[Any, ...] = (
    -1, 0, 1, 2, 3, 4, 65_535, 10**6, 10**9, 2**31, 2**32, 2**63, 10**40, 0.5, -0.0, 1e30, 1e308,
    None, True, "", "x" * 300, "data:;base64,AAAA", "../etc/passwd", [], {}, [[]], [{}], [0] * 99,
)  # fmt: skip


def small_files() -> list[bytes]:
    """One of each kind, as small as they get."""
    few = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "viseme_PP", "mouthSmile")
    plain = build_head(replace(READY_PLAYER_ME, names=few), rings=6)
    return [
        plain,
        pack_views(plain),
        build_head(VRM_0, rings=6),
        build_head(VRM_1, rings=6),
    ]


def anywhere(document: Document, random: Random) -> tuple[Any, Any]:
    """Some place in a document: its holder and its key there."""
    holder: Any = document
    while True:
        key = (
            random.choice(list(holder))
            if isinstance(holder, dict)
            else random.randrange(len(holder))
        )
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or random.random() < 0.15:
            return holder, key
        holder = inner


def mutate(data: bytes, document: Document, binary: bytes, random: Random) -> bytes:
    """One file broken in one to three ways."""
    kind = random.random()
    if kind < 0.08:
        return data[: random.randrange(len(data))]
    if kind < 0.2:
        broken = bytearray(data)
        for _ in range(random.randrange(1, 9)):
            broken[random.randrange(len(broken))] = random.randrange(256)
        return bytes(broken)
    if kind < 0.35:
        broken = bytearray(binary)
        start = random.randrange(len(broken))
        for place in range(start, min(start + random.randrange(1, 400), len(broken))):
            broken[place] = random.choice((0, 255, random.randrange(256)))
        return pack(dict(document), bytes(broken))
    changed = json.loads(json.dumps(document))
    for _ in range(random.randrange(1, 4)):
        holder, key = anywhere(changed, random)
        what = random.random()
        if what < 0.2:
            del holder[key]
        elif what < 0.3 and isinstance(holder, list):
            holder.extend([holder[key]] * random.randrange(1, 50))
        elif what < 0.45 and isinstance(holder[key], int):
            holder[key] += random.choice((-1, 1, 7, 1000))
        else:
            holder[key] = copy.deepcopy(random.choice(HOSTILE))
    return pack(changed, binary)


def test_no_broken_file_does_more_than_be_refused(tmp_path: Path) -> None:
    random, path = Random(SEED), tmp_path / "broken.glb"
    files = [(data, *unpack(data)) for data in small_files()]
    refused = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(MUTATIONS):
        broken = mutate(*files[number % len(files)], random)
        path.write_bytes(broken)
        start = time.thread_time()
        try:
            head = read_head(path)
            assert isinstance(head, Head) and np.isfinite(head.base).all()
            assert head.triangles.max() < len(head.base)
        except HeadError as error:
            refused += 1
            text = str(error)
            assert "\n" not in text and str(path) in text and len(text) < 600
        assert time.thread_time() - start < SLOWEST, f"mutation {number} of seed {SEED} hangs"
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 2 * MAX_DECODED_BYTES
    assert 0.2 * MUTATIONS < refused < MUTATIONS


@pytest.mark.parametrize("mode", ["ATTRIBUTES", "TRIANGLES", "INDICES"])
def test_garbage_in_a_packed_view_stays_inside(mode: str) -> None:
    random = Random(SEED)
    values = np.arange(400, dtype=np.uint8).reshape(100, 4)
    whole = {
        "ATTRIBUTES": encode_attributes(values),
        "TRIANGLES": encode_triangles(np.arange(99)),
        "INDICES": b"\xd1" + bytes(range(0, 99, 1)) + b"\0" * 4,
    }[mode]
    for _ in range(MUTATIONS):
        broken = bytearray(whole)
        for _ in range(random.randrange(1, 20)):
            broken[random.randrange(1, len(broken))] = random.randrange(256)
        data = bytes(broken[: random.randrange(len(broken) + 1)])
        count = random.choice((3, 30, 99, 300, 3000))
        try:
            unpacked = decode_view(memoryview(data), count, 4, mode, "NONE")
        except MeshoptError:
            continue
        assert len(unpacked) == 4 * count
