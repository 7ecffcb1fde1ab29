"""A brain behind a WebSocket: docs/remote-brain.md. It needs websockets, which .venv has.

.venv/bin/python examples/remote_brain.py
REMOTE_BRAIN_URL=ws://127.0.0.1:9000 make demo
"""

import asyncio
import json
import sys

from websockets.asyncio.server import ServerConnection, serve


async def talk(socket: ServerConnection) -> None:
    async for frame in socket:
        message = json.loads(frame)
        if message["type"] == "session.start":
            await socket.send(json.dumps({"type": "session.ready", "version": 1}))
        if message["type"] == "turn":
            for text in ("You said: ", message["text"], " Tell me more."):
                await socket.send(
                    json.dumps({"type": "delta", "turn": message["turn"], "text": text})
                )
            await socket.send(json.dumps({"type": "done", "turn": message["turn"]}))


async def main(port: int) -> None:
    async with serve(talk, "127.0.0.1", port, subprotocols=["visavis.brain.v1"]) as server:
        print("listening on", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9000))
