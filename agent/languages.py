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
    time_is_short: str
    """Said some seconds before a session's time is over."""
    silence_is_long: str
    """Said some seconds before a session ends because nobody says a word."""
    goodbye: str
    """Said when it ends for either."""


_ROWS: Final = (
    (
        "en", "English", "Hi, I'm {name}. What would you like to talk about?",
        "Our time is almost up, so we'll have to finish in a moment.",
        "Are you still there? If not, I'll end our conversation in a moment.",
        "I have to go now. Goodbye!",
    ),
    (
        "de", "German", "Hallo, ich bin {name}. Worüber möchtest du reden?",
        "Unsere Zeit ist fast um, wir müssen gleich Schluss machen.",
        "Bist du noch da? Wenn nicht, beende ich unser Gespräch gleich.",
        "Ich muss jetzt gehen. Auf Wiedersehen!",
    ),
    (
        "fr", "French", "Bonjour, je suis {name}. De quoi voulez-vous parler ?",
        "Notre temps est presque écoulé, nous devrons bientôt terminer.",
        "Êtes-vous toujours là ? Sinon, je vais bientôt mettre fin à notre conversation.",
        "Je dois partir maintenant. Au revoir !",
    ),
    (
        "es", "Spanish", "Hola, soy {name}. ¿De qué quieres hablar?",
        "Casi se nos acaba el tiempo, tenemos que terminar en un momento.",
        "¿Sigues ahí? Si no, terminaré nuestra conversación en un momento.",
        "Tengo que irme ya. ¡Adiós!",
    ),
    (
        "it", "Italian", "Ciao, sono {name}. Di cosa vuoi parlare?",
        "Il nostro tempo è quasi finito, tra un momento dobbiamo concludere.",
        "Ci sei ancora? Altrimenti tra un momento chiudo la nostra conversazione.",
        "Adesso devo andare. Arrivederci!",
    ),
    (
        "pt", "Portuguese", "Olá, eu sou {name}. Sobre o que quer falar?",
        "O nosso tempo está quase a acabar, temos de terminar daqui a pouco.",
        "Ainda está aí? Se não, vou terminar a nossa conversa daqui a pouco.",
        "Agora tenho de ir. Até logo!",
    ),
    (
        "nl", "Dutch", "Hoi, ik ben {name}. Waar wil je over praten?",
        "Onze tijd is bijna om, we moeten zo afronden.",
        "Ben je er nog? Zo niet, dan beëindig ik ons gesprek zo meteen.",
        "Ik moet nu gaan. Tot ziens!",
    ),
    (
        "sv", "Swedish", "Hej, jag heter {name}. Vad vill du prata om?",
        "Vår tid är nästan slut, vi måste avsluta om en liten stund.",
        "Är du kvar? Annars avslutar jag vårt samtal om en liten stund.",
        "Nu måste jag gå. Hej då!",
    ),
    (
        "pl", "Polish", "Cześć, jestem {name}. O czym chcesz porozmawiać?",
        "Nasz czas prawie się skończył, za chwilę musimy kończyć.",
        "Jesteś tam jeszcze? Jeśli nie, za chwilę zakończę naszą rozmowę.",
        "Muszę już iść. Do widzenia!",
    ),
    (
        "cs", "Czech", "Ahoj, já jsem {name}. O čem si chceš povídat?",
        "Náš čas je skoro u konce, za chvíli musíme skončit.",
        "Jsi tam ještě? Pokud ne, za chvíli náš rozhovor ukončím.",
        "Už musím jít. Na shledanou!",
    ),
    (
        "uk", "Ukrainian", "Привіт, я {name}. Про що хочеш поговорити?",
        "Наш час майже вичерпано, за мить треба закінчувати.",
        "Ти ще тут? Якщо ні, за мить я завершу нашу розмову.",
        "Мені вже час іти. До побачення!",
    ),
    (
        "ru", "Russian", "Привет, я {name}. О чём хочешь поговорить?",
        "Наше время почти вышло, через минутку нужно заканчивать.",
        "Ты ещё здесь? Если нет, скоро я завершу наш разговор.",
        "Мне пора идти. До свидания!",
    ),
    (
        "tr", "Turkish", "Merhaba, ben {name}. Ne hakkında konuşmak istersin?",
        "Süremiz dolmak üzere, birazdan bitirmemiz gerekiyor.",
        "Hâlâ orada mısın? Değilsen birazdan konuşmamızı bitireceğim.",
        "Artık gitmem gerekiyor. Hoşça kal!",
    ),
    (
        "ar", "Arabic", "مرحبا، أنا {name}. عن ماذا تريد أن نتحدث؟",
        "أوشك وقتنا على الانتهاء، علينا أن ننهي الحديث بعد قليل.",
        "هل ما زلت هنا؟ إن لم تكن هنا فسأنهي محادثتنا بعد قليل.",
        "عليّ أن أذهب الآن. إلى اللقاء!",
    ),
    (
        "hi", "Hindi", "नमस्ते, मैं {name} हूँ। आप किस बारे में बात करना चाहेंगे?",
        "हमारा समय लगभग पूरा हो गया है, हमें थोड़ी देर में बात खत्म करनी होगी।",
        "क्या आप अभी भी यहाँ हैं? अगर नहीं, तो बातचीत थोड़ी देर में समाप्त हो जाएगी।",
        "अब विदा लेने का समय है। नमस्ते!",
    ),
    (
        "zh", "Chinese", "你好，我是{name}。你想聊什么？",
        "我们的时间快到了，马上就要结束了。",
        "你还在吗？如果不在，我很快就会结束我们的对话。",
        "我得走了。再见！",
    ),
    (
        "ja", "Japanese", "こんにちは、{name}です。何について話しましょうか？",
        "もうすぐお時間です。そろそろ終わりにしましょう。",
        "まだそこにいますか？いらっしゃらなければ、まもなく会話を終了します。",
        "そろそろ失礼します。さようなら！",
    ),
    (
        "ko", "Korean", "안녕하세요, 저는 {name}예요. 무슨 이야기를 할까요?",
        "시간이 거의 다 됐어요. 곧 마쳐야 해요.",
        "아직 계신가요? 안 계시면 곧 대화를 마칠게요.",
        "이제 가야 해요. 안녕히 계세요!",
    ),
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
