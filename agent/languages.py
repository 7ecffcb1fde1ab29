"""The languages of a conversation, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from settings import Settings

NAME: Final = "Amy"
"""Of the agent whose words the defaults are."""


@dataclass(frozen=True)
class Language:
    """One language."""

    code: str
    """ISO 639-1."""
    name: str
    """In English, for the model."""
    greeting: str
    """The default one, for the agent's name in ``{name}``."""


_ROWS: Final = (
    ("en", "English", "Hi, I'm {name}. What would you like to talk about?"),
    ("de", "German", "Hallo, ich bin {name}. Worüber möchtest du reden?"),
    ("fr", "French", "Bonjour, je suis {name}. De quoi voulez-vous parler ?"),
    ("es", "Spanish", "Hola, soy {name}. ¿De qué quieres hablar?"),
    ("it", "Italian", "Ciao, sono {name}. Di cosa vuoi parlare?"),
    ("pt", "Portuguese", "Olá, eu sou {name}. Sobre o que quer falar?"),
    ("nl", "Dutch", "Hoi, ik ben {name}. Waar wil je over praten?"),
    ("sv", "Swedish", "Hej, jag heter {name}. Vad vill du prata om?"),
    ("pl", "Polish", "Cześć, jestem {name}. O czym chcesz porozmawiać?"),
    ("cs", "Czech", "Ahoj, já jsem {name}. O čem si chceš povídat?"),
    ("uk", "Ukrainian", "Привіт, я {name}. Про що хочеш поговорити?"),
    ("ru", "Russian", "Привет, я {name}. О чём хочешь поговорить?"),
    ("tr", "Turkish", "Merhaba, ben {name}. Ne hakkında konuşmak istersin?"),
    ("ar", "Arabic", "مرحبا، أنا {name}. عن ماذا تريد أن نتحدث؟"),
    ("hi", "Hindi", "नमस्ते, मैं {name} हूँ। आप किस बारे में बात करना चाहेंगे?"),
    ("zh", "Chinese", "你好，我是{name}。你想聊什么？"),
    ("ja", "Japanese", "こんにちは、{name}です。何について話しましょうか？"),
    ("ko", "Korean", "안녕하세요, 저는 {name}예요. 무슨 이야기를 할까요?"),
)  # fmt: skip

LANGUAGES: Final = {row[0]: Language(*row) for row in _ROWS}
"""By code. The providers' voices speak all of them; the embedded ears, mind and voice English."""
EMBEDDED: Final = ("en",)


def greet(settings: Settings) -> str:
    """The first words of a conversation."""
    language = LANGUAGES.get(settings.agent_language, LANGUAGES["en"])
    return settings.agent_greeting or language.greeting.format(name=NAME)


def find_language(tag: str) -> Language | None:
    """The language of a BCP 47 tag (``de-AT``), or of an English name."""
    plain = tag.strip().casefold()
    by_name = (each for each in LANGUAGES.values() if each.name.casefold() == plain)
    return LANGUAGES.get(plain.split("-")[0].split("_")[0]) or next(by_name, None)
