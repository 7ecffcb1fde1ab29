"""What conversations use is priced by a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.service.prices import DEFAULT, PriceError, read_prices
from settings import Settings
from store.usage import Quantities, Used
from tests.test_usage import MIND, VOICE


def test_each_kind_of_token_has_its_price() -> None:
    prices = read_prices(None)
    assert prices.cost(MIND) == pytest.approx((600 * 0.40 + 400 * 0.10 + 100 * 1.60) / 1e6)
    assert prices.cost(VOICE) == pytest.approx(2000 * 50 / 1e6)
    spoken = Used(
        "llm",
        "api.openai.com",
        "gpt-realtime",
        Quantities(
            input_tokens=1000,
            cached_tokens=500,
            audio_input_tokens=600,
            cached_audio_tokens=200,
            output_tokens=300,
            audio_output_tokens=200,
        ),
    )
    text = 100 * 4 + 300 * 0.4 + 100 * 16
    sound = 400 * 32 + 200 * 0.4 + 200 * 64
    assert prices.cost(spoken) == pytest.approx((text + sound) / 1e6)


def test_a_model_without_a_price_is_not_free() -> None:
    prices = read_prices(None)
    assert prices.cost(Used("llm", "llm.example", "big", Quantities(input_tokens=1))) is None
    assert prices.cost(Used("tts", "embedded", "hibari heart", Quantities(characters=9))) == 0


def test_every_brain_that_is_chosen_by_default_has_a_price() -> None:
    prices, settings = read_prices(None), Settings(_env_file=None)
    for provider, model in (
        ("api.openai.com", settings.openai_llm_model),
        ("api.openai.com", settings.openai_stt_model),
        ("api.openai.com", settings.openai_tts_model),
        ("api.openai.com", settings.openai_model),
        ("Gemini", settings.gemini_model),
        ("ElevenLabs", settings.eleven_model),
    ):
        quantities = Quantities(audio_seconds=60, characters=9, input_tokens=9)
        used = Used("llm", provider, model, quantities)
        assert prices.cost(used), model


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[price]]\nmodel = 3", "price.0.provider"),
        ('[[price]]\nprovider = "x"\nmodel = "y"\ninput = -1\n', "price.0.input"),
        ("currency = ", "no price table"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(PriceError, match=said):
        read_prices(path)


def test_a_table_that_is_edited_counts(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(DEFAULT.read_text().replace("characters = 50.00", "characters = 99.00"))
    assert read_prices(path).cost(VOICE) == pytest.approx(2000 * 99 / 1e6)
