"""The page at a gateway that asks everybody who they are, in a browser that means it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from bench.livekit import ROOT, free_ports
from bench.system import System

NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""
ASK = """async (url) => {
  try {
    const answer = await fetch(url + '/api/auth/token', { method: 'POST' });
    return (await answer.json()).origin;
  } catch (error) {
    return 'refused';
  }
}"""

FRAME = """(url) => {
  const frame = document.createElement('iframe');
  frame.src = url;
  document.body.append(frame);
}"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """Another site, with a page of nothing."""
    (tmp_path / "index.html").write_text("<!doctype html><title>Elsewhere</title>")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def locked(system: System, elsewhere: str, tmp_path: Path) -> Iterator[str]:
    """A second gateway of the same rooms that lets nobody in without a token; ``localhost`` is
    another site than ``127.0.0.1``, and ``elsewhere`` a third that it knows."""
    [port] = free_ports(1)
    env = os.environ | {
        "LIVEKIT_URL": system.livekit.url,
        "LIVEKIT_API_KEY": system.livekit.api_key,
        "LIVEKIT_API_SECRET": system.livekit.api_secret,
        "STORE_URL": f"sqlite:///{tmp_path}/locked.sqlite3",
        "DISPATCH_TIMEOUT": "30",
        "PORT": str(port),
        "AUTH_ENABLED": "true",
        "AUTH_ALLOWED_ORIGINS": elsewhere,
    }
    gateway = subprocess.Popen([sys.executable, "-m", "gateway"], cwd=ROOT, env=env)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while not _answers(url):
            assert gateway.poll() is None and time.monotonic() < until
            time.sleep(0.1)
        yield url
    finally:
        gateway.terminate()
        gateway.wait(20)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/health", timeout=5)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def test_a_person_is_let_in_by_the_page_and_its_policy_keeps_nothing_out_that_it_needs(
    page: Page, locked: str
) -> None:
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.add_init_script(NOTE_VIOLATIONS)
    page.goto(locked)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("captions")).to_contain_text("Amy", timeout=60_000)
    assert page.evaluate("window.violations") == [] and said == []

    refused = page.request.post(f"{locked}/api/token", data={})
    assert (refused.status, refused.json()["code"]) == (401, "token_required")


def test_another_site_neither_gets_a_token_nor_shows_the_page(
    page: Page, locked: str, elsewhere: str
) -> None:
    page.goto(elsewhere)
    assert page.evaluate(ASK, locked) == elsewhere
    page.evaluate(FRAME, locked)
    expect(page.frame_locator("iframe").get_by_test_id("start")).to_be_visible()

    page.goto(elsewhere.replace("127.0.0.1", "localhost"))
    assert page.evaluate(ASK, locked) == "refused"
    page.evaluate(FRAME, locked)
    page.wait_for_timeout(1000)
    expect(page.frame_locator("iframe").get_by_test_id("start")).to_have_count(0)
