"""A smaller, faster Wav2Arkit, its matrices in 8 bits: ``python -m avatar_worker quantize``."""

from __future__ import annotations

from pathlib import Path

from avatar_worker.lipsync.base import LipSyncError


def quantize(path: Path, into: Path) -> Path:
    """Write ``path`` with int8 matrices to ``into``, one file without external data; answer it.

    Dynamic quantization, a scale for each column, of matrices with constant weights only: of the
    convolutions that hear the sound ONNX Runtime's int8 version is slower on CPUs.
    Needs ``onnx``, which only development installs. Takes a minute; blocking.
    Raises :class:`LipSyncError`; ``into`` is then left as it was.
    """
    if not path.is_file():
        raise LipSyncError(
            f"there is no model at {path}: fetch it with python -m avatar_worker download-files"
        )
    if into.exists() and into.samefile(path):
        raise LipSyncError(f"the int8 model would overwrite {path}: name another file")
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise LipSyncError(
            f"to quantize a model, Python needs onnx ({error}): python -m pip install onnx"
        ) from error
    part = into.with_name(f".{into.name}.part")
    try:
        quantize_dynamic(
            path,
            part,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            # Seven bits: with eight, sums saturate on CPUs without VNNI.
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
        part.replace(into)
    except Exception as error:  # ONNX and ONNX Runtime raise what they like
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise LipSyncError(f"cannot quantize {path} into {into}: {reason}") from error
    finally:
        part.unlink(missing_ok=True)
    return into
