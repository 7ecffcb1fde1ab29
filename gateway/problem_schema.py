"""Problems as the API's description tells of them."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field


class ProblemBody(BaseModel):
    """RFC 9457 problem details, sent as `application/problem+json`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`urn:visavis:problem:` and the code.")
    code: str = Field(description="For programs; it never changes its meaning.")
    title: str
    status: int = Field(description="Of HTTP.")
    detail: str = Field(description="For people: what is wrong, and what would be right.")


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": ProblemBody, "description": "What is wrong with the request"},
    "5XX": {"model": ProblemBody, "description": "What is wrong here"},
}
"""``responses`` of a route."""
