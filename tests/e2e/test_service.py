"""What operators see of a system that runs."""

from __future__ import annotations

import json
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from bench.system import System


def ask(system: System, path: str) -> str:
    with urllib.request.urlopen(f"{system.gateway}/{path}", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_the_workers_that_run_are_seen_with_what_they_have(system: System) -> None:
    ready = json.loads(ask(system, "ready"))
    info = json.loads(ask(system, "inf"))
    figures = ask(system, "metrics")
    assert ready["status"] == "ready" and ready["agents"] >= 1 and ready["faces"] >= 1
    assert info["agent_type"] and info["lipsync"] and "amy" in info["heads"]
    assert {worker["kind"] for worker in info["workers"]} == {"agent", "avatar"}
    assert 'visavis_workers{kind="avatar"}' in figures


@pytest.mark.parametrize("path", ["docs", "redoc"])
def test_the_api_pages_work_under_the_strict_policy(system: System, page: Page, path: str) -> None:
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("response", lambda answer: asked.append(answer.url))
    page.goto(f"{system.gateway}/{path}")
    expect(page.get_by_text("/api/token").first).to_be_visible()
    assert not errors
    assert all(url.startswith((system.gateway, "data:", "blob:")) for url in asked), asked
