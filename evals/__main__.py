"""``python -m evals [FILES] [--llm scripted|embedded|openai]``"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, get_args

from agent.brains.llama import LlamaAddress, LlamaServer
from settings import Settings, load_settings

from .run import Result, run_scenario
from .scenario import LLMKind, Scenario, ScenarioError, read_scenario

FOLDER: Final = Path(__file__).parent


def plain_settings() -> Settings:
    """The defaults, whatever the environment and ``.env`` say."""
    return Settings.model_construct(voice_cache=None)


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0, 1 where something was not as expected, 2 for a file that is wrong."""
    parser = argparse.ArgumentParser(prog="python -m evals", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="scenarios; else all in evals/")
    parser.add_argument("--llm", choices=get_args(LLMKind), default="scripted")
    asked = parser.parse_args(arguments)
    kind: LLMKind = asked.llm
    try:
        scenarios = [read_scenario(path) for path in asked.files or sorted(FOLDER.glob("*.yaml"))]
    except ScenarioError as error:
        print(f"visavis: {error}", file=sys.stderr)
        return 2
    settings = load_settings() if kind == "openai" else None
    if settings is not None and not (settings.openai_api_key or settings.openai_base_url):
        print(f"{len(scenarios)} skipped: there is no OPENAI_API_KEY and no OPENAI_BASE_URL")
        return 0
    fitting = [scenario for scenario in scenarios if kind in scenario.only]
    with _embedded(kind) as address:
        results = [_run(each, kind, settings, address) for each in fitting]
    failed = sum(bool(result.wrong) for result in results)
    skipped = len(scenarios) - len(fitting)
    print(f"\n{len(results) - failed} passed, {failed} failed, {skipped} not for {kind}")
    return 1 if failed else 0


def _run(
    scenario: Scenario, kind: LLMKind, settings: Settings | None, address: LlamaAddress | None
) -> Result:
    result = asyncio.run(run_scenario(scenario, kind, settings or plain_settings(), address))
    verdict = "failed" if result.wrong else "passed"
    print(
        f"{verdict}  {scenario.name:<16} {result.turns:>2} turns {result.seconds:>6.1f} s  ", end=""
    )
    print(scenario.about)
    for problem in result.wrong:
        print(f"        {problem}")
    return result


@contextmanager
def _embedded(kind: LLMKind) -> Iterator[LlamaAddress | None]:
    if kind != "embedded":
        yield None
        return
    server = LlamaServer(1)
    try:
        yield server.start()
    finally:
        server.stop()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
