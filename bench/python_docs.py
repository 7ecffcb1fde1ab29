"""Documents that everybody has: the docstrings of Python's standard library, a page a module."""

from __future__ import annotations

import builtins
import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

_MODULES: Final = """
    argparse asyncio base64 bisect calendar collections configparser contextlib copy csv
    datetime decimal difflib enum fnmatch fractions functools getpass glob gzip hashlib heapq
    hmac html inspect io itertools json logging math mimetypes multiprocessing operator os
    os.path pathlib pickle platform pprint queue random re sched secrets shelve shlex shutil
    signal socket sqlite3 statistics string struct subprocess sys tarfile tempfile textwrap
    threading time timeit traceback types unicodedata unittest.mock urllib.parse urllib.request
    uuid warnings weakref webbrowser zipfile zlib
"""
MODULES: Final = tuple(_MODULES.split())
_BUILTINS: Final = """
    bytes dict float frozenset int list set str tuple
"""
BUILTINS: Final = tuple(_BUILTINS.split())


def pages() -> dict[str, str]:
    """A file's name and the Markdown of each module: a heading for everything that it has and that
    is documented."""
    found = {f"{name}.md": _page(name, importlib.import_module(name)) for name in MODULES}
    entries = [
        (name, thing)
        for name, thing in vars(builtins).items()
        if callable(thing) and not name.startswith("_") and not _is_error(thing)
    ]
    found["builtins.md"] = _markdown("builtins", builtins, _with_methods("", entries))
    return found


def _page(name: str, module: ModuleType) -> str:
    public = getattr(module, "__all__", None) or [n for n in dir(module) if not n.startswith("_")]
    entries = [(entry, getattr(module, entry, None)) for entry in sorted(set(public))]
    mine = [(entry, thing) for entry, thing in entries if _belongs(thing, module)]
    return _markdown(name, module, _with_methods(f"{name}.", mine))


def _belongs(thing: Any, module: ModuleType) -> bool:
    if not callable(thing) or _is_error(thing):
        return False
    home = getattr(thing, "__module__", None) or module.__name__
    first = home.lstrip("_").partition(".")[0]
    return first in (
        module.__name__.partition(".")[0],
        "posix",
        "nt",
        "posixpath",
        "genericpath",
    ) or (first in ("_bisect", "builtins", "bisect") or hasattr(module, "__all__"))


def _with_methods(prefix: str, entries: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, thing in entries:
        yield f"{prefix}{name}", thing
        if inspect.isclass(thing) and (prefix or name in BUILTINS):
            for method, found in inspect.getmembers(thing, callable):
                if not method.startswith("_") and (not prefix or not _is_builtin(thing, method)):
                    yield f"{prefix}{name}.{method}", found


def _is_builtin(owner: type, method: str) -> bool:
    """Is it inherited from int, dict or the like?"""
    origin = next((base for base in owner.__mro__ if method in vars(base)), owner)
    return origin.__module__ == "builtins"


def _markdown(name: str, module: ModuleType, entries: Iterator[tuple[str, Any]]) -> str:
    lines = [f"# {name}", "", _escape(inspect.getdoc(module) or "")]
    for entry, thing in entries:
        text = inspect.getdoc(thing)
        if text and text != inspect.getdoc(type(thing)):
            lines += ["", f"## {entry}", "", _escape(text)]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    """Docstrings are no Markdown: no line of theirs is a heading, a rule or an indented block."""
    return "\n\n".join(
        " ".join(part.split())
        .replace("\\", "\\\\")
        .replace("*", "\\*")
        .replace("_", "\\_")
        .replace("<", "\\<")
        .replace("`", "\\`")
        .replace("#", "\\#")
        .replace("[", "\\[")
        for part in text.split("\n\n")
    )


def _is_error(thing: Any) -> bool:
    return inspect.isclass(thing) and issubclass(thing, BaseException)
