"""The process that serves the embedded language model: ``python -m agent.brains.llama_process``.

It reads one JSON line (:class:`Options`) from standard input, answers one JSON line
``{"port": 12345}`` when it listens, and lives until standard input ends. A pipe from the parent
ends with the parent, however that dies, on every platform.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from dataclasses import dataclass
from typing import Any

from .llama_weights import quick_weights

NICENESS = 2
"""Below audio and rendering: a late token is a shorter pause than a late audio packet."""


@dataclass(frozen=True)
class Options:
    """What to serve."""

    port: int
    """On 127.0.0.1; 0 takes a free one."""
    slots: int
    """Conversations at once."""
    context: int
    """Tokens of each slot."""
    threads: int
    api_key: str


def serve(options: Options) -> Any:
    """Load the model and listen, on threads that run as long as the answered server exists."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(quick_weights())
    params.model_alias = ["smollm2"]
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    params.api_keys = [options.api_key]
    params.n_parallel = options.slots
    params.n_ctx = options.context * options.slots
    params.fit_params = False
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    # Waiting threads would spin, on the cores that the voice and the picture need.
    params.cpuparams.poll = 0
    params.cpuparams_batch.poll = 0
    # Without it questions of up to 60 tokens are read faster by a sixth; beyond 100 slower by that.
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cache_ram_mib = 0
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = 1
    return xllamacpp.Server(params)


def main() -> None:
    # Ctrl-C reaches the whole process group; the conversations that are being ended still talk.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    options = Options(**json.loads(sys.stdin.readline()))

    def exit_with_parent() -> None:
        while sys.stdin.read(1):
            pass
        os._exit(0)

    threading.Thread(target=exit_with_parent, daemon=True).start()
    server = serve(options)
    port = int(server.listening_address.rsplit(":", 1)[1])
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
