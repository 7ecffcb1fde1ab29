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
    apology: str
    """Said where an answer breaks off, and first by an agent in a lost one's place."""
    trouble: str
    """Said where no language model answers."""
    blind: str
    """Said by one that cannot see what it is shown."""


_ROWS: Final = (
    (
        "en", "English", "Hi, I'm {name}. What would you like to talk about?",
        "Our time is almost up, so we'll have to finish in a moment.",
        "Are you still there? If not, I'll end our conversation in a moment.",
        "I have to go now. Goodbye!",
        "Sorry, I lost my thread for a moment. What were we talking about?",
        "I'm sorry, I can't think right now. Please try again in a moment.",
        "I can't see pictures: the language model that I run on only knows words.",
    ),
    (
        "de", "German", "Hallo, ich bin {name}. Worüber möchtest du reden?",
        "Unsere Zeit ist fast um, wir müssen gleich Schluss machen.",
        "Bist du noch da? Wenn nicht, beende ich unser Gespräch gleich.",
        "Ich muss jetzt gehen. Auf Wiedersehen!",
        "Entschuldige, ich habe kurz den Faden verloren. Worüber haben wir gesprochen?",
        "Tut mir leid, ich kann gerade nicht denken. Versuch es bitte gleich noch einmal.",
        "Ich kann keine Bilder sehen: Das Sprachmodell, auf dem ich laufe, kennt nur Wörter.",
    ),
    (
        "fr", "French", "Bonjour, je suis {name}. De quoi voulez-vous parler ?",
        "Notre temps est presque écoulé, nous devrons bientôt terminer.",
        "Êtes-vous toujours là ? Sinon, je vais bientôt mettre fin à notre conversation.",
        "Je dois partir maintenant. Au revoir !",
        "Pardon, j'ai perdu le fil un instant. De quoi parlions-nous ?",
        "Excusez-moi, je n'arrive pas à réfléchir pour l'instant. Réessayez dans un moment.",
        "Je ne vois pas les images : mon modèle de langue ne connaît que les mots.",
    ),
    (
        "es", "Spanish", "Hola, soy {name}. ¿De qué quieres hablar?",
        "Casi se nos acaba el tiempo, tenemos que terminar en un momento.",
        "¿Sigues ahí? Si no, terminaré nuestra conversación en un momento.",
        "Tengo que irme ya. ¡Adiós!",
        "Perdona, he perdido el hilo un momento. ¿De qué hablábamos?",
        "Lo siento, ahora mismo no puedo pensar. Inténtalo de nuevo en un momento.",
        "No puedo ver imágenes: el modelo de lenguaje en el que funciono solo conoce palabras.",
    ),
    (
        "it", "Italian", "Ciao, sono {name}. Di cosa vuoi parlare?",
        "Il nostro tempo è quasi finito, tra un momento dobbiamo concludere.",
        "Ci sei ancora? Altrimenti tra un momento chiudo la nostra conversazione.",
        "Adesso devo andare. Arrivederci!",
        "Scusa, ho perso il filo per un attimo. Di cosa stavamo parlando?",
        "Mi dispiace, in questo momento non riesco a pensare. Riprova tra un attimo.",
        "Non posso vedere le immagini: il modello linguistico su cui giro conosce solo le parole.",
    ),
    (
        "pt", "Portuguese", "Olá, eu sou {name}. Sobre o que quer falar?",
        "O nosso tempo está quase a acabar, temos de terminar daqui a pouco.",
        "Ainda está aí? Se não, vou terminar a nossa conversa daqui a pouco.",
        "Agora tenho de ir. Até logo!",
        "Desculpe, perdi o fio à conversa por um momento. De que estávamos a falar?",
        "Lamento, neste momento não consigo pensar. Tente de novo daqui a pouco.",
        "Não consigo ver imagens: o modelo de linguagem em que funciono só conhece palavras.",
    ),
    (
        "nl", "Dutch", "Hoi, ik ben {name}. Waar wil je over praten?",
        "Onze tijd is bijna om, we moeten zo afronden.",
        "Ben je er nog? Zo niet, dan beëindig ik ons gesprek zo meteen.",
        "Ik moet nu gaan. Tot ziens!",
        "Sorry, ik was even de draad kwijt. Waar hadden we het over?",
        "Het spijt me, ik kan nu even niet denken. Probeer het zo nog eens.",
        "Ik kan geen beelden zien: het taalmodel waarop ik draai kent alleen woorden.",
    ),
    (
        "sv", "Swedish", "Hej, jag heter {name}. Vad vill du prata om?",
        "Vår tid är nästan slut, vi måste avsluta om en liten stund.",
        "Är du kvar? Annars avslutar jag vårt samtal om en liten stund.",
        "Nu måste jag gå. Hej då!",
        "Förlåt, jag tappade tråden ett ögonblick. Vad pratade vi om?",
        "Förlåt, jag kan inte tänka just nu. Försök igen om en liten stund.",
        "Jag kan inte se bilder: språkmodellen som jag körs på känner bara till ord.",
    ),
    (
        "pl", "Polish", "Cześć, jestem {name}. O czym chcesz porozmawiać?",
        "Nasz czas prawie się skończył, za chwilę musimy kończyć.",
        "Jesteś tam jeszcze? Jeśli nie, za chwilę zakończę naszą rozmowę.",
        "Muszę już iść. Do widzenia!",
        "Przepraszam, na chwilę straciłam wątek. O czym rozmawialiśmy?",
        "Przepraszam, nie mogę teraz zebrać myśli. Spróbuj ponownie za chwilę.",
        "Nie widzę obrazów: model językowy, na którym działam, zna tylko słowa.",
    ),
    (
        "cs", "Czech", "Ahoj, já jsem {name}. O čem si chceš povídat?",
        "Náš čas je skoro u konce, za chvíli musíme skončit.",
        "Jsi tam ještě? Pokud ne, za chvíli náš rozhovor ukončím.",
        "Už musím jít. Na shledanou!",
        "Promiň, na chvíli jsem ztratila nit. O čem jsme mluvili?",
        "Promiň, teď nemůžu přemýšlet. Zkus to prosím za chvíli znovu.",
        "Obrázky nevidím: jazykový model, na kterém běžím, zná jen slova.",
    ),
    (
        "uk", "Ukrainian", "Привіт, я {name}. Про що хочеш поговорити?",
        "Наш час майже вичерпано, за мить треба закінчувати.",
        "Ти ще тут? Якщо ні, за мить я завершу нашу розмову.",
        "Мені вже час іти. До побачення!",
        "Вибач, на мить я втратила нитку розмови. Про що ми говорили?",
        "Вибач, зараз я не можу думати. Спробуй ще раз за мить.",
        "Я не бачу зображень: мовна модель, на якій я працюю, знає лише слова.",
    ),
    (
        "ru", "Russian", "Привет, я {name}. О чём хочешь поговорить?",
        "Наше время почти вышло, через минутку нужно заканчивать.",
        "Ты ещё здесь? Если нет, скоро я завершу наш разговор.",
        "Мне пора идти. До свидания!",
        "Извини, на минуту я потеряла нить разговора. О чём мы говорили?",
        "Извини, сейчас я не могу думать. Попробуй ещё раз через минутку.",
        "Я не вижу изображений: языковая модель, на которой я работаю, знает только слова.",
    ),
    (
        "tr", "Turkish", "Merhaba, ben {name}. Ne hakkında konuşmak istersin?",
        "Süremiz dolmak üzere, birazdan bitirmemiz gerekiyor.",
        "Hâlâ orada mısın? Değilsen birazdan konuşmamızı bitireceğim.",
        "Artık gitmem gerekiyor. Hoşça kal!",
        "Özür dilerim, bir an konuşmanın ipini kaçırdım. Ne hakkında konuşuyorduk?",
        "Özür dilerim, şu anda düşünemiyorum. Lütfen birazdan tekrar dene.",
        "Görüntüleri göremiyorum: üzerinde çalıştığım dil modeli yalnızca sözcükleri biliyor.",
    ),
    (
        "ar", "Arabic", "مرحبا، أنا {name}. عن ماذا تريد أن نتحدث؟",
        "أوشك وقتنا على الانتهاء، علينا أن ننهي الحديث بعد قليل.",
        "هل ما زلت هنا؟ إن لم تكن هنا فسأنهي محادثتنا بعد قليل.",
        "عليّ أن أذهب الآن. إلى اللقاء!",
        "عذرًا، فقدتُ حبل أفكاري للحظة. عمّ كنا نتحدث؟",
        "عذرًا، لا أستطيع التفكير الآن. حاول مرة أخرى بعد قليل من فضلك.",
        "لا أستطيع رؤية الصور: النموذج اللغوي الذي أعمل به لا يعرف سوى الكلمات.",
    ),
    (
        "hi", "Hindi", "नमस्ते, मैं {name} हूँ। आप किस बारे में बात करना चाहेंगे?",
        "हमारा समय लगभग पूरा हो गया है, हमें थोड़ी देर में बात खत्म करनी होगी।",
        "क्या आप अभी भी यहाँ हैं? अगर नहीं, तो बातचीत थोड़ी देर में समाप्त हो जाएगी।",
        "अब विदा लेने का समय है। नमस्ते!",
        "माफ़ कीजिए, एक पल के लिए मैं बात भूल गई। हम किस बारे में बात कर रहे थे?",
        "माफ़ कीजिए, अभी मैं सोच नहीं पा रही हूँ। कृपया थोड़ी देर में फिर कोशिश करें।",
        "मैं तस्वीरें नहीं देख सकती: जिस भाषा मॉडल पर मैं चलती हूँ, वह केवल शब्द जानता है।",
    ),
    (
        "zh", "Chinese", "你好，我是{name}。你想聊什么？",
        "我们的时间快到了，马上就要结束了。",
        "你还在吗？如果不在，我很快就会结束我们的对话。",
        "我得走了。再见！",
        "抱歉，我刚才走神了。我们聊到哪里了？",
        "抱歉，我现在没法思考。请稍后再试一次。",
        "我看不到图像：我使用的语言模型只懂文字。",
    ),
    (
        "ja", "Japanese", "こんにちは、{name}です。何について話しましょうか？",
        "もうすぐお時間です。そろそろ終わりにしましょう。",
        "まだそこにいますか？いらっしゃらなければ、まもなく会話を終了します。",
        "そろそろ失礼します。さようなら！",
        "すみません、少し話の流れを見失いました。何の話でしたか？",
        "すみません、今は考えることができません。少ししてからもう一度お試しください。",
        "私は画像を見ることができません。私が使っている言語モデルは言葉しかわからないのです。",
    ),
    (
        "ko", "Korean", "안녕하세요, 저는 {name}예요. 무슨 이야기를 할까요?",
        "시간이 거의 다 됐어요. 곧 마쳐야 해요.",
        "아직 계신가요? 안 계시면 곧 대화를 마칠게요.",
        "이제 가야 해요. 안녕히 계세요!",
        "죄송해요, 잠깐 이야기의 흐름을 놓쳤어요. 무슨 이야기를 하고 있었죠?",
        "죄송해요, 지금은 생각을 할 수 없어요. 잠시 후에 다시 시도해 주세요.",
        "저는 그림을 볼 수 없어요. 제가 쓰는 언어 모델은 말만 알아요.",
    ),
)  # fmt: skip

LANGUAGES: Final = {row[0]: Language(*row) for row in _ROWS}
"""By code. The providers' voices speak all of them; the embedded ears, mind and voice English."""
EMBEDDED: Final = ("en",)


def greet(settings: Settings) -> str:
    """The first words of a conversation."""
    return settings.agent_greeting or _language(settings).greeting.format(name=NAME)


def apologise(settings: Settings) -> str:
    """What is said where an answer breaks off, in the language of ``settings``."""
    return settings.agent_apology or _language(settings).apology


def tell_trouble(settings: Settings) -> str:
    """What is said where no language model answers, in the language of ``settings``."""
    return settings.agent_trouble or _language(settings).trouble


def _language(settings: Settings) -> Language:
    return LANGUAGES.get(settings.agent_language, LANGUAGES["en"])


def find_language(tag: str) -> Language | None:
    """The language of a BCP 47 tag (``de-AT``), or of an English name."""
    plain = tag.strip().casefold()
    by_name = (each for each in LANGUAGES.values() if each.name.casefold() == plain)
    return LANGUAGES.get(plain.split("-")[0].split("_")[0]) or next(by_name, None)
