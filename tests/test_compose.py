"""What starts the whole system: compose.yaml, livekit.yaml and .env.example."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.livekit import ROOT, find_livekit, free_ports
from demo.livekit_server import VERSION
from gateway.room import DEPARTURE_MARGIN, EMPTY_TIMEOUT
from settings import DEV_API_KEY, DEV_API_SECRET, Settings
from tests.test_images import OWN, stages

TURN_FILES = ("LIVEKIT_TURN_CERT", "LIVEKIT_TURN_KEY")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_compose_file_is_valid() -> None:
    """Against the schema of the Compose specification."""
    check = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            "compose.yaml",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_every_part_is_there_and_comes_back_after_a_crash() -> None:
    assert {"livekit", "redis", *OWN} <= {
        name for name, service in SERVICES.items() if "profiles" not in service
    }
    assert {"dev", "tls"} == {p for s in SERVICES.values() for p in s.get("profiles", [])}
    for name, service in SERVICES.items():
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"][0] == "CMD", name


def test_images_are_pinned_and_built_from_stages_that_exist() -> None:
    for service in SERVICES.values():
        if "build" in service:
            assert service["build"]["target"] in stages()
        else:
            assert re.search(r":v?\d", service["image"]), service["image"]
    assert SERVICES["livekit"]["image"] == f"livekit/livekit-server:{VERSION}"


def test_workers_are_asked_for_their_health_where_they_answer() -> None:
    from agent.server import HEALTH_PORT as AGENT_PORT
    from avatar_worker.server import HEALTH_PORT as AVATAR_PORT

    checks = {name: str(SERVICES[name]["healthcheck"]["test"]) for name in OWN}
    assert f":{AVATAR_PORT}/" in checks["avatar"] and f":{AGENT_PORT}/" in checks["agent"]
    assert ":8080/health" in checks["gateway"]
    for worker in ("agent", "avatar"):
        assert SERVICES[worker]["environment"]["READY_FILE"] in checks[worker]


def test_a_change_to_the_code_reaches_the_container_that_runs_it() -> None:
    for name, folder in {"agent": "agent", "avatar": "avatar_worker", "gateway": "gateway"}.items():
        rules = SERVICES[name]["develop"]["watch"]
        shared = re.findall(r"^COPY --chown=\S+ (.+) \S+$", stages()["runtime"], re.MULTILINE)
        used = {folder, "visavis", *(source for line in shared for source in line.split())}
        if name == "gateway":
            used.remove("worker_cli.py")
        for path in used:
            assert {"action": "sync+restart", "path": path, "target": f"/app/{path}"} in rules
        for rule in rules:
            assert (ROOT / rule["path"]).exists(), rule
    # What the page's server does with it: frontend/vite.config.test.ts.
    assert SERVICES["page"]["environment"] == {"GATEWAY_URL": "http://gateway:8080"}


def interpolated() -> dict[str, str]:
    """The variables that compose.yaml takes from its environment, with their defaults."""
    text = (ROOT / "compose.yaml").read_text()
    found = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
    assert len(re.findall(r"\$\{", text)) == len(re.findall(r"\$\{\w+:-[^}]*\}", text))
    return found


def test_containers_get_variables_that_exist() -> None:
    known = {name.upper() for name in Settings.model_fields}
    for name in OWN:
        assert set(SERVICES[name]["environment"]) <= known
    assert (interpolated()["LIVEKIT_API_KEY"], interpolated()["LIVEKIT_API_SECRET"]) == (
        DEV_API_KEY,
        DEV_API_SECRET,
    )


def test_a_file_that_a_setting_names_is_not_missing_in_the_container() -> None:
    """Relative to where the processes run, as outside of containers."""
    assert "WORKDIR /app" in stages()["python"]
    assert (ROOT / "files").is_dir(), "Docker would make it, as root"
    for name in OWN:
        assert "./files:/app/files:ro" in SERVICES[name]["volumes"], name


def test_the_public_key_opens_nothing_to_the_network() -> None:
    """LiveKit's API and the token endpoint are for this machine, until somebody adds HTTPS."""
    for name in ("livekit", "gateway"):
        for port in SERVICES[name]["ports"]:
            if port.split(":")[-1] in ("7880", "8080"):
                assert port.startswith("127.0.0.1:")
    assert "ports" not in SERVICES["redis"]


def test_livekit_for_development_takes_our_default_key() -> None:
    config = yaml.safe_load((ROOT / "livekit.yaml").read_text())
    assert config["keys"] == {DEV_API_KEY: DEV_API_SECRET}
    assert config["bind_addresses"] == ["127.0.0.1"]
    default = Settings(_env_file=None).livekit_url
    assert default == f"ws://127.0.0.1:{config['port']}"
    room = config["room"]
    assert room["sync_streams"] is True
    grace = Settings(_env_file=None).reconnect_grace
    assert (room["empty_timeout"], room["departure_timeout"]) == (
        EMPTY_TIMEOUT,
        grace + DEPARTURE_MARGIN,
    )


def test_livekit_takes_the_command_line_and_the_variables_of_compose() -> None:
    """It refuses what it does not know; here it gets as far as Redis, which is not there."""
    defaults = interpolated()

    def fill(text: str) -> str:
        return re.sub(r"\$\{(\w+):-[^}]*\}", lambda match: defaults[match[1]], text)

    service = SERVICES["livekit"]
    described = subprocess.run(
        [find_livekit(), "help-verbose"], capture_output=True, text=True, check=True
    ).stdout
    for name in set(service["environment"]) - {"VISAVIS_TLS"} | {*TURN_FILES}:
        assert f"[${name}]" in described, name
    port, tcp, redis = free_ports(3)
    env = {name: fill(str(value)) for name, value in service["environment"].items()}
    command = [str(ROOT / "livekit.yaml") if word == "/etc/livekit.yaml" else word
               for word in service["command"]]  # fmt: skip
    run = subprocess.run(
        [find_livekit(), *command, "--port", str(port), "--rtc.tcp_port", str(tcp)],
        env=os.environ | env | {"REDIS_HOST": f"127.0.0.1:{redis}", "UDP_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = run.stdout + run.stderr
    assert "connecting to redis" in said and f"127.0.0.1:{redis}" in said
    assert "could not parse config" not in said


def start_livekit(tmp_path: Path, **env: str) -> subprocess.Popen[str]:
    """As compose.yaml does, with Caddy's folder in ``tmp_path``; instead of LiveKit, something that
    prints the files it was given."""
    shell, script, _, _ = SERVICES["livekit"]["entrypoint"]
    assert f"./deploy{script}:{script}:ro" in SERVICES["livekit"]["volumes"]
    printed = " ".join(f"${name}" for name in TURN_FILES)
    domain = {"LIVEKIT_TURN_DOMAIN": "example.com", "VISAVIS_TLS": "me@example.com"}
    return subprocess.Popen(
        [shell, ROOT / f"deploy{script}", tmp_path, "sh", "-c", f"echo started {printed}"],
        env=os.environ | domain | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_turn_on_a_fresh_host_does_not_wait_for_ever(tmp_path: Path) -> None:
    """Caddy waits for nobody, LiveKit for Caddy's certificate, and the rest for LiveKit."""
    assert "depends_on" not in SERVICES["caddy"]
    assert SERVICES["livekit"]["healthcheck"]["start_period"] == "1h"
    folder = tmp_path / "acme-v02.api.letsencrypt.org-directory" / "example.com"
    # Whose folder Caddy writes in small letters.
    written = {"LIVEKIT_TURN_DOMAIN": "Example.COM"}
    livekit = start_livekit(tmp_path, LIVEKIT_TURN_ENABLED="true", **written)
    try:
        assert livekit.stderr is not None
        said = livekit.stderr.readline()
        assert "waits until Caddy has a certificate" in said
        assert f" {tmp_path}/*/example.com/example.com.crt " in said
        own = tmp_path / "local" / "example.com"
        for place in (own, folder):
            place.mkdir(parents=True)
            for suffix in ("key", "crt"):
                (place / f"example.com.{suffix}").write_text("PEM")
        said, _ = livekit.communicate(timeout=60)
    finally:
        livekit.kill()
    assert said.split() == ["started", *(f"{folder}/example.com.{e}" for e in ("crt", "key"))]


def test_stopping_does_not_wait_until_livekit_has_waited(tmp_path: Path) -> None:
    sleep = tmp_path / "bin" / "sleep"
    sleep.parent.mkdir()
    sleep.write_text("#!/bin/sh\necho asleep >&2\nexec tail -f /dev/null\n")
    sleep.chmod(0o755)
    path = f"{sleep.parent}:{os.environ['PATH']}"
    livekit = start_livekit(tmp_path, LIVEKIT_TURN_ENABLED="true", PATH=path)
    try:
        assert livekit.stderr is not None
        assert any("asleep" in line for line in livekit.stderr)
        livekit.terminate()
        # Not by the signal itself, which does nothing to the first process of a container.
        assert livekit.wait(timeout=60) == 143
    finally:
        os.killpg(livekit.pid, signal.SIGKILL)
        livekit.communicate()


def test_turn_does_not_begin_with_a_certificate_that_browsers_refuse(tmp_path: Path) -> None:
    livekit = start_livekit(tmp_path, LIVEKIT_TURN_ENABLED="true", VISAVIS_TLS="internal")
    said, error = livekit.communicate(timeout=60)
    assert (livekit.returncode, said) == (1, "")
    assert "VISAVIS_TLS=" in error


def test_without_turn_livekit_waits_for_no_certificate(tmp_path: Path) -> None:
    livekit = start_livekit(tmp_path, LIVEKIT_TURN_ENABLED="false", VISAVIS_TLS="internal")
    assert livekit.communicate(timeout=60) == ("started\n", "")


def examples() -> dict[str, str]:
    """The variables of .env.example, all commented out."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert not [line for line in lines if line and not line.startswith("#")]
    return dict(line[1:].split("=", 1) for line in lines if re.match(r"#[A-Z][A-Z0-9_]*=", line))


def test_the_example_names_every_setting_and_no_other() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    assert set(examples()) == settings | set(interpolated())


def test_the_example_shows_the_true_defaults(tmp_path: Path) -> None:
    """Taking every `#` away changes nothing."""
    path = tmp_path / ".env"
    path.write_text("".join(f"{name}={value}\n" for name, value in examples().items()))
    clean = {k: v for k, v in os.environ.items() if k.lower() not in Settings.model_fields}
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(clean):
            patch.delenv(name)
        assert Settings(_env_file=path) == Settings(_env_file=None)
    for name in set(interpolated()) - {name.upper() for name in Settings.model_fields}:
        assert examples()[name] == interpolated()[name]
