"""What is written down twice says the same twice."""

import re
import tomllib
from pathlib import Path

from visavis import protocol

ROOT = Path(__file__).parent.parent


def test_the_page_does_not_drift_from_the_protocol() -> None:
    source = (ROOT / "frontend/src/protocol.ts").read_text()
    names = dict(re.findall(r"export const (\w+) = '([^']+)';", source))
    shared = {name: value for name, value in names.items() if hasattr(protocol, name)}
    assert {"RPC_INTERRUPT", "ATTRIBUTE_FACE", "ATTRIBUTE_BRAINS"} <= set(shared)
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
