"""A bad network between two network namespaces: loss, delay and a narrow pipe, in user space.

Two TUN devices, one here and one in a namespace of its own, and a process that carries packets
between them as badly as it is told: the kernel's netem need not be there. Linux, as root.

``python -m bench.bad_link HERE THERE`` is that process; the numbers are inherited descriptors.
"""

from __future__ import annotations

import argparse
import heapq
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TUN_DEVICE: Final = Path("/dev/net/tun")
QUEUE_SECONDS: Final = 0.2
"""What waits before the narrow pipe at most; more is dropped, as a router would."""
LARGEST: Final = 2048
"""Bytes of a packet; the devices' MTU is 1500."""
_SET_INTERFACE: Final = 0x400454CA  # TUNSETIFF
_TUN_PLAIN: Final = 0x0001 | 0x1000  # IFF_TUN | IFF_NO_PI


@dataclass(frozen=True)
class Badness:
    """Of each direction."""

    loss: float = 0.03
    """Share of the packets."""
    delay: float = 0.075
    """Seconds; a round trip has it twice."""
    rate: float = 1_000_000
    """Bits a second."""


class Direction:
    """One way through the link."""

    def __init__(self, badness: Badness, chance: random.Random) -> None:
        self._badness = badness
        self._chance = chance
        self._free = 0.0
        """When the pipe has sent all that it was given."""

    def offer(self, now: float, size: int) -> float | None:
        """When a packet of ``size`` bytes comes out at the other end; None: it is lost."""
        if self._chance.random() < self._badness.loss:
            return None
        start = max(now, self._free)
        if start - now > QUEUE_SECONDS:
            return None
        self._free = start + 8 * size / self._badness.rate
        return self._free + self._badness.delay


@dataclass(frozen=True)
class BadLink:
    """A link that is up."""

    here: str
    """Address of this side; servers listen on it."""
    namespace: str
    """What runs in it (:meth:`command`) sees the world through the link alone."""

    def command(self, *command: str) -> list[str]:
        """To run something on the other side."""
        return ["ip", "netns", "exec", self.namespace, *command]

    def wrapper(self, program: str, folder: Path) -> Path:
        """A program like ``program`` that runs on the other side."""
        path = folder / f"{Path(program).name}-behind-a-bad-link"
        path.write_text(f'#!/bin/sh\nexec ip netns exec {self.namespace} {program} "$@"\n')
        path.chmod(0o755)
        return path


def missing() -> str | None:
    """Why there can be no bad link on this machine; None: there can be one."""
    if sys.platform != "linux" or not TUN_DEVICE.exists():
        return "no TUN device on this machine"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "the command `ip` is missing: install iproute2"
    return None


@contextmanager
def bad_link(badness: Badness, seed: int = 0) -> Iterator[BadLink]:
    """Raises RuntimeError where :func:`missing` says why, or ``ip`` refuses."""
    if reason := missing():
        raise RuntimeError(reason)
    number = os.getpid() % 60_000
    namespace = f"visavis{number}"
    here, there = (f"10.{77 + number % 100}.{number // 256}.{end}" for end in (1, 2))
    names = f"vvh{number}", f"vvt{number}"
    _ip("netns", "add", namespace)
    devices: list[int] = []
    carrier: subprocess.Popen[bytes] | None = None
    try:
        devices += [_open_tun(name) for name in names]
        _ip("link", "set", names[1], "netns", namespace)
        _ip("address", "add", here, "peer", there, "dev", names[0])
        _ip("link", "set", names[0], "up")
        _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("-n", namespace, "address", "add", there, "peer", here, "dev", names[1])
        _ip("-n", namespace, "link", "set", names[1], "up")
        options = [f"--loss={badness.loss}", f"--delay={badness.delay}", f"--rate={badness.rate}"]
        carrier = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "bench.bad_link",
                *map(str, devices),
                *options,
                f"--seed={seed}",
            ],
            pass_fds=devices,
        )
        yield BadLink(here, namespace)
    finally:
        if carrier is not None:
            carrier.kill()
            carrier.wait()
        for device in devices:
            os.close(device)
        _ip("netns", "delete", namespace)


def carry(here: int, there: int, badness: Badness, seed: int) -> None:
    """Until killed."""
    ways = {
        here: (there, Direction(badness, random.Random(seed))),
        there: (here, Direction(badness, random.Random(seed + 1))),
    }
    flying: list[tuple[float, int, int, bytes]] = []
    count = 0
    while True:
        now = time.monotonic()
        while flying and flying[0][0] <= now:
            _, _, to, packet = heapq.heappop(flying)
            os.write(to, packet)
        patience = flying[0][0] - now if flying else None
        for source in select.select([here, there], [], [], patience)[0]:
            packet = os.read(source, LARGEST)
            to, way = ways[source]
            if (due := way.offer(time.monotonic(), len(packet))) is not None:
                count += 1
                heapq.heappush(flying, (due, count, to, packet))


def _open_tun(name: str) -> int:
    import fcntl  # not on every system

    device = os.open(TUN_DEVICE, os.O_RDWR)
    fcntl.ioctl(device, _SET_INTERFACE, struct.pack("16sH", name.encode(), _TUN_PLAIN))
    return device


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("here", type=int)
    parser.add_argument("there", type=int)
    for name in ("loss", "delay", "rate"):
        parser.add_argument(f"--{name}", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    carry(args.here, args.there, Badness(args.loss, args.delay, args.rate), args.seed)


if __name__ == "__main__":
    main()
