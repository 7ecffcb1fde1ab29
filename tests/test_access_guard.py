"""Which sites are let in, and what browsers are told to keep out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway.access.headers import content_security_policy
from settings import Settings
from tests.gateways import Gateway

SITE = "https://shop.example"


# Sites


def test_a_listed_site_may_ask_and_read_and_another_may_not(gateway: Gateway) -> None:
    def preflight(client: TestClient, origin: str) -> Any:
        return client.options(
            "/v1/keys",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "DELETE",
                "Access-Control-Request-Headers": "authorization, idempotency-key",
            },
        )

    with gateway(auth_allowed_origins=SITE) as client:
        allowed = preflight(client, SITE)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == SITE
        assert "access-control-allow-credentials" not in allowed.headers
        refused = client.get("/v1/nothing", headers={"Origin": SITE})
        assert refused.headers["access-control-allow-origin"] == SITE
        for origin in ("https://evil.example", "null"):
            for answer in (
                preflight(client, origin),
                client.post("/api/token", headers={"Origin": origin}),
                client.get("/api/memory", headers={"Origin": origin}),
            ):
                assert answer.status_code in (400, 403)
                assert "access-control-allow-origin" not in answer.headers


def test_a_page_without_an_origin_is_refused_unless_it_is_listed(gateway: Gateway) -> None:
    for listed, status in (("", 403), ("null", 502)):
        with gateway(auth_allowed_origins=listed) as client:
            answer = client.post("/api/token", headers={"Origin": "null"})
            assert answer.status_code == status


@pytest.mark.parametrize("port", ["", ":8443"])
def test_the_page_is_not_refused_behind_an_nginx_set_up_as_the_docs_say(
    gateway: Gateway, port: str
) -> None:
    """Nor is encryption forgotten, nor a WebSocket taken for a page."""
    text = (Path(__file__).parent.parent / "docs/access.md").read_text()
    sent = dict(re.findall(r"^proxy_set_header (\S+) ([^;]+);", text, re.MULTILINE))
    assert (sent["Upgrade"], sent["Connection"]) == ("$http_upgrade", '"upgrade"')
    assert "\nproxy_http_version 1.1;\n" in text
    site = "visavis.example.com"
    nginx = {
        "$host": site,
        "$http_host": f"{site}{port}",
        "$proxy_add_x_forwarded_for": "192.0.2.1",
        "$scheme": "https",
    }
    headers = {name: nginx[value] for name, value in sent.items() if value in nginx}
    headers["Origin"] = f"https://{site}{port}"
    with TestClient(cast(Any, ProxyHeadersMiddleware(cast(Any, gateway().app), "*"))) as client:
        answer = client.post("/api/token", headers=headers)
        assert answer.json()["code"] != "origin_not_allowed"
        assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize(
    "given", ["example.com", "https://example.com/page", "*", "ftp://example.com", "https://"]
)
def test_a_site_that_is_none_stops_the_start(given: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        Settings(_env_file=None, auth_allowed_origins=given)


@pytest.mark.parametrize("given", ["http://a", "redis://", "redis://a:b/0", "unix://"])
def test_a_redis_that_is_none_stops_the_start(given: str) -> None:
    with pytest.raises(ValueError, match="redis"):
        Settings(_env_file=None, redis_url=given)


def test_sites_are_known_however_they_are_written() -> None:
    settings = Settings(_env_file=None, auth_allowed_origins="HTTPS://Shop.Example:443/, null,")
    assert settings.auth_allowed_origins == (SITE, "null")


# Headers


def test_the_page_is_framed_by_listed_sites_alone_and_is_told_where_livekit_is() -> None:
    policy = content_security_policy("wss://x.livekit.cloud", (SITE, "null"))
    assert f"frame-ancestors 'self' {SITE}" in policy and "null" not in policy
    assert "connect-src 'self' blob: wss://x.livekit.cloud https://x.livekit.cloud" in policy
    assert "wss://*.livekit.cloud" in policy


@pytest.mark.parametrize(
    ("livekit", "allowed"),
    [("ws://[fd00::2]:7880", "ws: http:"), ("wss://[fd00::2]", "wss: https:")],
)
def test_livekit_at_an_ipv6_address_is_not_blocked(livekit: str, allowed: str) -> None:
    assert f"connect-src 'self' blob: {allowed};" in content_security_policy(livekit, ())


def test_encryption_is_promised_only_where_it_is(gateway: Gateway) -> None:
    with gateway() as client:
        assert "strict-transport-security" not in client.get("/health").headers
    with gateway("https://visavis.example") as client:
        assert "max-age=" in client.get("/health").headers["strict-transport-security"]


def test_a_host_that_is_none_does_not_get_into_a_header(gateway: Gateway) -> None:
    with gateway() as client:
        for host in ("a;script-src *", "[", "a b", "a,b", ""):
            policy = client.get("/nothing", headers={"Host": host}).headers[
                "content-security-policy"
            ]
            assert policy.count("script-src") == 1 and "*" not in policy
