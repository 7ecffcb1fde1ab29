"""The heads as files, for pages that draw the face for themselves."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from avatar_worker.heads import HEADS, find_head

from .known_heads import KnownHeads

FRESH_SECONDS = 3600
"""A browser asks no sooner whether a head has changed; then an ETag spares it the 4 MB."""

INDEX = "index.json"


class Heads(StaticFiles):
    """Serves ``NAME.glb`` for each of :data:`avatar_worker.heads.HEADS`, and ``index.json``.

    The index has the names of all heads that an avatar may be asked for: ``{"heads": ["amy", …]}``.
    Heads of one's own are only named: whose they are, nobody shall carry off. Where a plug-in draws
    it has ``"drawable": false`` as well: a head of that is none of our files, whatever its name.
    """

    def __init__(self, known: KnownHeads) -> None:
        self._known = known
        files = [find_head(name) for name in HEADS]
        self._names = {file.name for file in files}
        super().__init__(directory=files[0].parent)

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path == INDEX:
            index: dict[str, Any] = {"heads": await self._known.names()}
            if not self._known.are_ours:
                index["drawable"] = False
            return JSONResponse(index, headers={"Cache-Control": "no-cache"})
        if path not in self._names:
            known = ", ".join(HEADS)
            raise HTTPException(
                HTTPStatus.NOT_FOUND, f"There is no head {Path(path).stem[:64]!r}, only {known}."
            )
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
        if response.status_code == HTTPStatus.OK:
            response.headers["Content-Type"] = "model/gltf-binary"
        return response
