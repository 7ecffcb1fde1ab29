"""The API described: ``/openapi.json``, ``/docs`` to try it, ``/redoc`` to read.

Both pages come whole from here, and within the page's strict Content-Security-Policy.
"""

from __future__ import annotations

import functools
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PAGES: Final = Path(__file__).parent / "pages"
OWN: Final = ("docs.js", "redoc.css", "redoc.js")
LIBRARIES: Final = ("redoc/bundles/redoc.standalone.js", "swagger-ui-dist/swagger-ui-bundle.js",
                    "swagger-ui-dist/swagger-ui.css")  # fmt: skip
SHARED: Final = "/api-pages"
"""Where what the pages load lies."""
FRESH_SECONDS: Final = 3600
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; "
    "worker-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Of ``/redoc``, which makes its styles itself: a nonce of the answer's own lets them pass."""

DESCRIPTION: Final = """\
Faces to talk to, for your product.

Every error is a problem as in RFC 9457, with a `code` for programs that never changes its meaning
and a `detail` for people.
"""
TAGS: Final[list[dict[str, Any]]] = [
    {"name": "sessions", "description": "Begin, hold, change and end a conversation with a face."},
    {"name": "webhooks", "description": "What happens in sessions, told to your servers."},
    {"name": "usage", "description": "What was used, by whom, and what it is likely to cost."},
    {"name": "keys", "description": "API keys, and the log of who did what."},
    {"name": "access", "description": "Tokens for the visitors of a site."},
    {"name": "page", "description": "What the page of Visavis itself asks for."},
    {"name": "service", "description": "Whether the gateway is well, for operators."},
]


_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "code", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "`urn:visavis:problem:` and the code."},
        "code": {"type": "string", "description": "For programs; it never changes its meaning."},
        "title": {"type": "string"},
        "status": {"type": "integer", "description": "Of HTTP."},
        "detail": {"type": "string", "description": "What is wrong, and what would be right."},
    },
}


def add_docs(app: FastAPI) -> None:
    """Serve the pages and what they load; describe the errors as they are."""
    to_read = (PAGES / "redoc.html").read_text()

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return FileResponse(PAGES / "docs.html", headers={"Cache-Control": "no-cache"})

    @app.get("/redoc", include_in_schema=False)
    async def redoc() -> Response:
        nonce = secrets.token_urlsafe(16)
        page = to_read.replace("@nonce@", nonce)
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY.format(nonce=nonce),
        }
        return HTMLResponse(page, headers=headers)

    app.mount(SHARED, _Shared())
    app.openapi = functools.partial(_describe, app)  # type: ignore[method-assign]


class _Shared(StaticFiles):
    """:data:`LIBRARIES` and :data:`OWN`."""

    def __init__(self) -> None:
        # Found, not imported: its code is for a framework that is not here.
        package = find_spec("drf_spectacular_sidecar")
        [folder] = (package.submodule_search_locations if package else None) or ["nowhere"]
        bundles = Path(folder) / "static" / "drf_spectacular_sidecar"
        super().__init__(directory=bundles)
        self.all_directories = [bundles, PAGES]

    async def get_response(self, path: str, scope: Scope) -> Response:
        path = path.replace("\\", "/")
        if path not in LIBRARIES and path not in OWN:
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
        return response


def _describe(app: FastAPI) -> dict[str, Any]:
    """FastAPI's description; its own form of an error, which nothing here answers, is left out."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            tags=app.openapi_tags,
            routes=app.routes,
        )
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
        for operations in schema["paths"].values():
            for operation in operations.values():
                answers = operation["responses"]
                if "ValidationError" in str(answers.get("422")):
                    del answers["422"]
                answers["default"] = {
                    "description": "A problem",
                    "content": {"application/problem+json": problem},
                }
        app.openapi_schema = schema
    return app.openapi_schema
