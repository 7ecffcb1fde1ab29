"""A person changes the conversation from the page, is shown things, is remembered and forgotten."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

from livekit import api, rtc
from playwright.sync_api import Page, expect

from bench.livekit import LiveKitServer
from bench.system import System
from tests.e2e.leaving import hang_up
from visavis.card import Card
from visavis.protocol import ATTRIBUTE_PUBLISH_ON_BEHALF, RPC_SHOW_CARD

TEXT = "The ferry leaves at noon."
TOLD = "My name is Robin."
CARD = Card("The ferry", "Pier 7, at noon", "https://example.org/ferry")


def show_card(livekit: LiveKitServer, card: Card) -> str:
    """As an agent of the only room that has a person in it."""

    async def call() -> str:
        keys = (livekit.api_key, livekit.api_secret)
        async with api.LiveKitAPI(livekit.url, *keys) as lk:
            rooms = (await lk.room.list_rooms(api.ListRoomsRequest())).rooms
            people = {
                each.identity: room.name
                for room in rooms
                for each in (
                    await lk.room.list_participants(api.ListParticipantsRequest(room=room.name))
                ).participants
            }
        [(person, name)] = [each for each in people.items() if each[0].startswith("guest-")]
        token = (
            api.AccessToken(*keys)
            .with_identity("agent-that-shows")
            .with_kind("agent")
            .with_attributes({ATTRIBUTE_PUBLISH_ON_BEHALF: "nobody"})
            .with_grants(api.VideoGrants(room_join=True, room=name, agent=True))
        )
        room = rtc.Room()
        await room.connect(livekit.url, token.to_jwt())
        try:
            async with asyncio.timeout(30):
                while True:
                    try:
                        return await room.local_participant.perform_rpc(
                            destination_identity=person,
                            method=RPC_SHOW_CARD,
                            payload=card.to_json(),
                        )
                    except rtc.RpcError:  # until the page knows who has come
                        await asyncio.sleep(0.5)
        finally:
            await room.disconnect()

    with ThreadPoolExecutor(1) as thread:  # Playwright has a loop of its own in this one
        return thread.submit(asyncio.run, call()).result()


def test_what_a_person_asks_of_the_page_is_not_left_undone(page: Page, system: System) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(system.gateway)
    expect(page.get_by_test_id("remember")).not_to_be_checked()
    page.get_by_test_id("remember").check()
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("avatar-video")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("captions")).to_contain_text("talk about?", timeout=60_000)
    page.get_by_test_id("mic-toggle").click()  # who types need not be heard

    page.get_by_test_id("chat-input").fill(TOLD)
    page.get_by_test_id("chat-send").click()
    answers = page.locator('[data-testid="chat-line"][data-who="agent"]')
    expect(answers.nth(1)).to_be_visible(timeout=60_000)

    # The speed that is shown is the agent's; what it cannot do, it says in its own words.
    page.get_by_test_id("settings").locator("summary").click()
    speed = page.get_by_test_id("settings-speed")
    expect(speed).to_have_attribute("data-in-force", "1")
    speed.fill("1.5")
    expect(speed).to_have_attribute("data-in-force", "1.5", timeout=30_000)
    page.get_by_test_id("settings-language").select_option("de")
    expect(page.get_by_test_id("settings-state")).to_contain_text("English", timeout=30_000)
    expect(page.get_by_test_id("settings-language")).to_have_value("en")

    # What is typed is said, word for word.
    page.get_by_test_id("settings-retelling").click()
    spoken = re.compile("spoken")
    expect(page.get_by_test_id("chat-input")).to_have_attribute(
        "aria-label", spoken, timeout=30_000
    )
    page.keyboard.press("Escape")
    page.get_by_test_id("chat-input").fill(TEXT)
    page.get_by_test_id("chat-send").click()
    expect(page.get_by_test_id("captions")).to_have_text(TEXT, timeout=60_000)

    # A card comes without taking the focus, and goes.
    page.get_by_test_id("chat-input").focus()
    assert show_card(system.livekit, CARD) == "ok"
    expect(page.get_by_test_id("card")).to_contain_text("Pier 7")
    expect(page.get_by_test_id("chat-input")).to_be_focused()
    link = page.get_by_test_id("card").get_by_role("link")
    expect(link).to_have_attribute("href", "https://example.org/ferry")
    expect(link).to_contain_text("example.org")
    page.get_by_test_id("card").get_by_role("button").press("Escape")
    expect(page.get_by_test_id("card")).to_have_count(0)

    # What was said is remembered beyond the conversation, until it is forgotten.
    hang_up(page, system)
    page.reload()
    expect(page.get_by_test_id("remember")).to_be_checked()
    memory = page.get_by_test_id("memory")
    for _ in range(60):  # the agent writes it down once the person has gone
        page.get_by_test_id("memory-open").click()
        expect(memory.get_by_role("status")).to_have_count(0)
        if TOLD in memory.inner_text():
            break
        page.keyboard.press("Escape")
        page.wait_for_timeout(500)
    expect(memory).to_contain_text(TOLD)
    page.get_by_test_id("forget").click()
    page.get_by_test_id("forget").click()
    expect(memory).to_have_count(0)
    expect(page.get_by_test_id("remember")).not_to_be_checked()
    assert page.evaluate("() => localStorage.length") == 0
    assert not errors
