"""OpenGL without a window, and whether a graphics card is behind it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from moderngl import Context

VERSION: Final = 400
"""OpenGL 4.0 (2010): the first whose shaders choose the samples that they cover."""
SAMPLES: Final = 4
_DEVICES: Final = 8
"""EGL devices that are looked at, before the machine is said to have no other."""
_EGL: Final = "libEGL.so.1"
_LIBRARIES: Final = ("libOpenGL.so.0", "libGL.so.1")
"""libglvnd's without X11, or with it."""
_PATIENT_DRIVER: Final = ("__GL_YIELD", "USLEEP")
"""NVIDIA's driver (README, "Environment variables") otherwise waits for its card in a busy loop: on
an H100 1.3 instead of 0.9 ms of CPU a picture of 512 × 512, 4.7 instead of 1.7 with 32 rooms."""
_SOFTWARE: Final = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software", "lavapipe")


class GpuError(Exception):
    """The graphics card cannot be used; the text says why."""


@dataclass(frozen=True)
class Card:
    """An OpenGL context, current in no thread; any may enter it, one at a time, and leaves it."""

    context: Context
    name: str
    """Vendor and renderer, as the driver calls itself."""
    wait: Callable[[], object]
    """Return when the card has done all that it was given. moderngl keeps the GIL whatever it
    waits for; here the voice goes on meanwhile."""


def is_software(*names: str) -> bool:
    """Whether GL_VENDOR and GL_RENDERER are those of a CPU that plays a graphics card."""
    return any(known in name.lower() for known in _SOFTWARE for name in names)


def open_card(*, software: bool = False) -> Card:
    """The first graphics card; blocking, up to a second.

    Not before a fork: what a driver has open does not survive one.

    Args:
        software: Take one that computes on the CPU too (for tests).

    Raises:
        GpuError: there is no EGL, no graphics card, or it knows too little OpenGL.
    """
    if sys.platform != "linux":
        raise GpuError("EGL, which it needs, is Linux's")
    try:
        import moderngl
    except ImportError:
        raise GpuError("moderngl is not installed (python -m pip install --group gpu)") from None
    os.environ.setdefault(*_PATIENT_DRIVER)
    create: Any = moderngl.create_context  # its types say that settings are dicts
    refusals: list[str] = []
    failures: list[str] = []
    for libgl in _LIBRARIES:
        for device in range(_DEVICES):
            try:
                context: Context = create(
                    require=VERSION,
                    standalone=True,
                    backend="egl",
                    libgl=libgl,
                    libegl=_EGL,
                    device_index=device,
                )
            except Exception as error:  # moderngl and glcontext raise plain ones
                failures.append(str(error))
                continue
            # It was made current in this thread: entering and leaving lets go of it.
            with context:
                names, samples = _names_of(context), context.max_samples
            refusal = _refuse(names, samples, software)
            if refusal is None:
                return Card(context, ", ".join(names), ctypes.CDLL(libgl).glFinish)
            refusals.append(refusal)
            context.release()
        if refusals:
            break
    raise GpuError(refusals[0] if refusals else failures[0])


def _names_of(context: Context) -> tuple[str, str]:
    info = context.info
    return info["GL_VENDOR"], info["GL_RENDERER"]


def _refuse(names: tuple[str, str], samples: int, software: bool) -> str | None:
    if is_software(*names) and not software:
        return f"OpenGL is only computed on the CPU here ({names[1]})"
    if samples < SAMPLES:
        return f"{names[1]} has only {samples} samples a pixel, not {SAMPLES}"
    return None
