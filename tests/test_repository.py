"""What is written down twice says the same twice."""

import re
import tomllib
from pathlib import Path

from visavis import protocol

ROOT = Path(__file__).parent.parent
OTHER_MACHINES = {Path("docs/events.md"), Path("docs/remote-brain.md")}
"""What these tell to install belongs to a server of the reader's own."""


def test_the_page_does_not_drift_from_the_protocol() -> None:
    source = (ROOT / "frontend/src/protocol.ts").read_text()
    names = dict(re.findall(r"export const (\w+) = '([^']+)';", source))
    numbers = dict(re.findall(r"export const (\w+) = ([\d_]+);", source))
    names |= {name: int(value) for name, value in numbers.items()}
    shared = {name: value for name, value in names.items() if hasattr(protocol, name)}
    assert {"RPC_INTERRUPT", "ATTRIBUTE_FACE", "MESSAGE_LIMIT"} <= set(shared)
    assert {name: getattr(protocol, name) for name in shared} == shared


def test_the_lock_does_not_lose_a_platform() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    for platform in ("linux", "darwin", "win32"):
        assert any(f"== '{platform}'" in marker for marker in lock["supported-markers"])
    wheels = {
        package["name"]: [wheel["url"].rsplit("/", 1)[1] for wheel in package.get("wheels", [])]
        for package in lock["package"]
    }
    native = ("av", "livekit", "moonshine-voice", "numba", "onnxruntime", "xllamacpp")
    for name in native:
        for tag in ("manylinux", "macosx", "win_amd64"):
            assert any(tag in wheel for wheel in wheels[name]), f"{name} has no {tag} wheel"


def test_every_dependency_has_its_reason_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("## What it is built on")[2]
    wanted = [*project["project"]["dependencies"]]
    for group in project["dependency-groups"].values():
        wanted += [entry for entry in group if isinstance(entry, str)]
    for requirement in wanted:
        name = re.split(r"[\[~=<>]", requirement)[0]
        assert re.search(rf"\b{re.escape(name)}\b", table), f"{name} has no reason"


def test_nobody_is_told_to_install_into_an_environment_that_is_not_used() -> None:
    """.venv, which uv makes, and which is not made anew when it is brought up to date."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    pinned = dict(each.partition("~=")[::2] for each in groups["apps"] if "~=" in each)
    assert any(each.startswith("pip>=") for each in groups["apps"])
    files = [ROOT / "README.md", ROOT / ".env.example", *(ROOT / "docs").rglob("*.md")]
    for folder in ("agent", "avatar_worker", "bench", "docs", "examples", "gateway"):
        files += (ROOT / folder).rglob("*.py")
    told = set()
    for file in files:
        name, text = file.relative_to(ROOT), file.read_text()
        assert "uv sync" not in text, name  # uv may be where nobody finds it
        for before, after in re.findall(r"(\S*) pip install ([^`\n]*)", text):
            if name in OTHER_MACHINES:
                continue
            told.add(name)
            assert before == "-m", (name, after)
            assert set(re.findall(r"--group (\w+)", after)) <= set(groups), name
            for plugin, version in re.findall(r"(livekit-plugins-\w+)~=([\d.]+)", after):
                assert version == pinned["livekit-plugins-openai"], (name, plugin)
    assert Path("docs/brains.md") in told and Path("agent/brains/plugins.py") in told
    makefile = (ROOT / "Makefile").read_text()
    assert all("--inexact" in line for line in makefile.splitlines() if "$(UV) sync" in line)
