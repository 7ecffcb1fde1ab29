"""A session from a server of yours: create, say, read, end. See ``docs/sessions.md``.

python docs/examples/session.py http://127.0.0.1:8080 [API key]
"""

import asyncio
import sys

from visavis.client import Visavis


async def main(url: str, key: str | None = None) -> None:
    async with Visavis(url, key) as visavis:
        session = await visavis.create(head="maya", greeting="", participant={"name": "Jo"})
        print("face:", session["face"]["state"])
        print("for the client:", session["server_url"], session["participant_token"])
        async for event in visavis.events(session["id"]):
            print(event["type"], event["data"])
            if event["type"] == "session.started":  # somebody came
                await visavis.say(session["id"], "Good morning! This was all. Goodbye!")
            if event["type"] == "message" and event["data"]["state"] == "done":
                await visavis.end(session["id"])


asyncio.run(main(*sys.argv[1:]))
