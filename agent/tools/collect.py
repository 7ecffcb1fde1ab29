"""Finds the function tools: those that come with Visavis, and every file of a user's folder."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from livekit.agents import llm

logger = logging.getLogger("visavis.tools")

OURS: Final = ("agent.tools.clock", "agent.tools.page")


def collect_tools(folder: Path | None, more: Sequence[llm.Tool] = ()) -> list[llm.Tool]:
    """Every ``@function_tool`` at the top of our modules and of each ``.py`` file in ``folder``.

    ``more``: ours that belong to one conversation.

    A file that cannot be imported is named in the log and left out, so that one mistake does not
    silence the agent; a tool of the user's replaces ours of the same name. Files that begin with
    an underscore are the user's helpers.
    """
    tools: dict[str, llm.Tool] = {
        name: tool for module in OURS for name, tool in _tools(importlib.import_module(module))
    }
    tools |= {_name(tool): tool for tool in more}
    if folder is not None:
        for path in sorted(folder.glob("[!_]*.py")):
            tools |= dict(_own(path))
    return list(tools.values())


def _own(path: Path) -> Iterator[tuple[str, llm.Tool]]:
    try:
        module = _load(path)
    except Exception:
        logger.exception("the tools in %s cannot be used", path)
        return
    found = list(_tools(module))
    if not found:
        logger.warning("%s holds no tool: decorate a function with @function_tool", path)
    yield from found


def _load(path: Path) -> ModuleType:
    name = f"visavis_tools.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # the types of a tool's arguments are looked up there
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.append(folder)  # for its helpers
    spec.loader.exec_module(module)
    return module


def _tools(module: ModuleType) -> Iterator[tuple[str, llm.Tool]]:
    for value in vars(module).values():
        if isinstance(value, llm.FunctionTool | llm.RawFunctionTool):
            yield _name(value), value


def _name(tool: Any) -> str:
    return str(tool.info.name)
