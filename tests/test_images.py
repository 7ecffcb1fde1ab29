"""What the images of the Dockerfile hold, and how they are made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bench.livekit import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
MAKEFILE = (ROOT / "Makefile").read_text().replace("\\\n", " ")
OWN = ("agent", "avatar", "gateway")
LOOKED_FOR_FIRST: Final = {"agent.brains.llama_weights"}
"""What is imported only where it is installed: the doctor passes over it elsewhere."""


def words(text: str) -> list[str]:
    return text.split()


def stages() -> dict[str, str]:
    """The Dockerfile's text by stage name."""
    parts = re.split(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)[1:]
    bases, names, bodies = parts[0::3], parts[1::3], parts[2::3]
    return {
        name: f"FROM {base}\n{body}" for base, name, body in zip(bases, names, bodies, strict=True)
    }


def lineage(stage: str) -> str:
    """A stage's text, after those of the stages it is made from."""
    text = stages()[stage]
    base = text.split()[1]
    return (lineage(base) if base in stages() else "") + text


@pytest.mark.parametrize("target", [*OWN, "page-dev"])
def test_no_image_of_ours_runs_as_root(target: str) -> None:
    users = re.findall(r"^USER (\S+)", lineage(target), flags=re.MULTILINE)
    assert users and users[-1] == ("node" if target == "page-dev" else "10001")


def test_images_are_made_by_the_steps_of_the_makefile() -> None:
    """Same lock, same page, same prewarming: what `make demo` tried is what a container runs."""
    [made] = re.findall(r"^UV_SYNC := \$\(UV\) (.+)$", MAKEFILE, flags=re.MULTILINE)
    for ran in re.findall(r"RUN uv (sync .+)$", DOCKERFILE, flags=re.MULTILINE):
        # Images may be given a Postgres without being built anew.
        own = {"--no-cache", "--no-install-project", "postgres"}
        assert set(words(ran)) - own <= set(words(made))
        assert {"--locked", "--no-default-groups", "apps"} <= set(words(ran))
    [uv_version] = re.findall(r"^UV_VERSION := (\S+)$", MAKEFILE, flags=re.MULTILINE)
    assert f"uv=={uv_version}" in DOCKERFILE
    for command in ("ci", "run"):
        runs = [
            {frozenset(words(step)) for step in re.findall(rf"npm ({command}\b.*?)$", text, re.M)}
            for text in (DOCKERFILE, MAKEFILE)
        ]
        assert runs[0] and runs[0] <= runs[1], command
    steps = {"avatar": "avatar_worker prewarm", "agent": "agent.brains.llama_weights"}
    for image, step in steps.items():
        assert f"$(PYTHON) -m {step}" in MAKEFILE
        assert f"RUN python -m {step}" in lineage(image)


def test_images_hold_what_they_run_and_nothing_of_the_checkout_besides() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in allowed
    copied = re.findall(r"^COPY (?!--from)(?:--chown=\S+ )?(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for source in {name for line in copied for name in line.split()}:
        assert (ROOT / source).exists(), source
        assert f"!{source.split('/')[0]}" in allowed, source
    assert "!.env" not in allowed


def copied(stage: str) -> set[Path]:
    """What a stage has of the checkout."""
    lines = re.findall(r"^COPY (?!--from)(?:--chown=\S+ )?(.+) \S+$", lineage(stage), re.MULTILINE)
    # The library comes with the environment.
    named = {ROOT / "visavis", *(ROOT / source for line in lines for source in line.split())}
    return {file for each in named for file in (each.rglob("*") if each.is_dir() else [each])}


def files_of(module: str) -> set[Path]:
    """The files of the checkout that could be this module."""
    path = ROOT.joinpath(*module.split("."))
    return {each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()}


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, however late, and every name that might be one."""
    package = file.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (module, *(f"{module}.{each.name}" for each in node.names))


@pytest.mark.parametrize("image", OWN)
def test_a_command_in_an_image_fails_for_a_file_that_was_not_copied(image: str) -> None:
    """Also one that imports only when it comes to it: `docker compose exec gateway …`."""
    there = copied(image)
    lacking = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in there
        if file.suffix == ".py"
        for module in imported(file)
        if module not in LOOKED_FOR_FIRST and files_of(module) and not files_of(module) & there
    }
    assert not lacking
