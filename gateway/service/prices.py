"""What is used is likely to cost: an estimate, by a table that its user edits."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from store.usage import Used

DEFAULT: Final = Path(__file__).parent / "prices.toml"
_MILLION: Final = 1_000_000


class PriceError(ValueError):
    """The price table cannot be used; the text says where and why."""


class Price(BaseModel):
    """Of one model, in the table's currency; tokens and characters by the million."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    """As LiveKit names it; ``*`` stands for anything."""
    model: str
    input: float = Field(0.0, ge=0)
    cached: float | None = Field(None, ge=0)
    """None: as ``input``."""
    output: float = Field(0.0, ge=0)
    audio_input: float | None = Field(None, ge=0)
    """None: as ``input``."""
    cached_audio: float | None = Field(None, ge=0)
    """None: as ``audio_input``."""
    audio_output: float | None = Field(None, ge=0)
    """None: as ``output``."""
    characters: float = Field(0.0, ge=0)
    minutes: float = Field(0.0, ge=0)
    """For one, of sound."""
    date: date
    """On which it was true."""
    source: str

    def fits(self, used: Used) -> bool:
        return fnmatchcase(used.provider, self.provider) and fnmatchcase(used.model, self.model)

    def cost(self, used: Used) -> float:
        q = used.quantities
        audio_input = self.input if self.audio_input is None else self.audio_input
        cached = self.input if self.cached is None else self.cached
        cached_audio = audio_input if self.cached_audio is None else self.cached_audio
        audio_output = self.output if self.audio_output is None else self.audio_output
        fresh_audio = max(0.0, q.audio_input_tokens - q.cached_audio_tokens)
        cached_text = max(0.0, q.cached_tokens - q.cached_audio_tokens)
        fresh_text = max(0.0, q.input_tokens - q.audio_input_tokens - cached_text)
        written = max(0.0, q.output_tokens - q.audio_output_tokens)
        by_the_million = (
            fresh_text * self.input
            + cached_text * cached
            + fresh_audio * audio_input
            + q.cached_audio_tokens * cached_audio
            + written * self.output
            + q.audio_output_tokens * audio_output
            + q.characters * self.characters
        )
        return by_the_million / _MILLION + q.audio_seconds / 60 * self.minutes


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = "USD"
    price: tuple[Price, ...] = ()


@dataclass(frozen=True)
class Prices:
    """A table, as it was at the gateway's start."""

    currency: str
    prices: tuple[Price, ...]

    def cost(self, used: Used) -> float | None:
        """None: there is no price for it. Conversations as such cost nothing."""
        if used.kind == "conversation":
            return 0.0
        price = next((each for each in self.prices if each.fits(used)), None)
        return None if price is None else price.cost(used)


def read_prices(path: Path | None) -> Prices:
    """``path`` None: the table that comes with Visavis. Blocking. Raises :class:`PriceError`."""
    file = path or DEFAULT
    try:
        table = _Table.model_validate(tomllib.loads(file.read_text()))
    except OSError as error:
        raise PriceError(f"PRICES={file} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        problem = str(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            problem = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise PriceError(f"PRICES={file} is no price table: {problem}") from None
    return Prices(table.currency, table.price)
