"""The process of ``extract``: one file in, its text out. Started by its path, with nothing else."""

from __future__ import annotations

import json
import sys


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    head = json.loads(sys.stdin.buffer.readline())
    _limit(head["cpu_seconds"], head["memory"])

    from agent.knowledge.formats import read
    from agent.knowledge.passage import KnowledgeError

    name = head["name"]
    try:
        found = read(name, head["content_type"], sys.stdin.buffer.read())
        blocks = [(block.heading, block.text, block.columns) for block in found.blocks]
        answer = json.dumps({"title": found.title, "blocks": blocks})
    except KnowledgeError as error:
        answer = json.dumps({"error": str(error)})
    except (MemoryError, RecursionError):
        answer = json.dumps({"error": f"{name} needs too much memory to be read"})
    sys.stdout.write(answer)


def _limit(cpu_seconds: int, memory: int) -> None:
    """Where there are such limits; and behind everything that has to be in time."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    main()
