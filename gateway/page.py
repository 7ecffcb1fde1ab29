"""The built page."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIST = Path(__file__).resolve().parent.parent / "frontend" / "dist"
"""Where Vite puts the page."""

NOT_BUILT = "The page is not built yet. Run `make setup` in the project's folder, then reload.\n"


class Page(StaticFiles):
    """Serves the page in ``directory``, or says how to build it where it is not there yet."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, html=True, check_dir=False)

    async def check_config(self) -> None:
        """The folder may come later than the server."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code == HTTPStatus.NOT_FOUND and path == ".":
                return PlainTextResponse(NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE)
            raise
        # Vite names everything in assets/ by its content.
        immutable = path.replace("\\", "/").startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if immutable else "no-cache"
        )
        return response
