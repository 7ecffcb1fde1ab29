"""What is said to the agent in ``bench turns``."""

from __future__ import annotations

from typing import Final

from bench.speech import QUESTIONS

CUT_INS: Final = (
    "Wait a moment, please.",
    "Stop!",
    "No, that is not what I meant.",
    "Sorry, can I ask something else?",
    "What is the capital of France?",
    "Hold on, I have a question.",
    "Okay, but why is the sky blue?",
    "Excuse me.",
    "How do you know that?",
    "I would like to hear another story.",
    "Could you speak a little slower?",
    "Yeah, I know that one already.",
    "That is enough, thank you.",
    "Louder, please.",
    "Tell me about the girl instead.",
    "Right, and what happened then?",
)
ASSENTS: Final = ("Yeah.", "Right.", "Okay.", "Sure.", "I see.", "Yeah, yeah.", "Okay, right.")
"""They go with what is being said (Yngve 1970), or answer it if it is over by then."""

OPEN: Final = (
    "I would like to go to the|market tomorrow.",
    "I want to learn, um,|how to play the piano.",
    "Could you tell me about|the history of Rome?",
    "My favourite colour is, uh,|green, I think.",
    "I met an old friend, and|we talked for hours.",
    "I am looking for a|good book about the sea.",
    "If it rains tomorrow,|should we stay at home?",
    "When I came home,|the door was open.",
    "Can you tell me, in a few words,|how a sailing boat works?",
    "What I really want is|a quiet weekend.",
    "The thing is that|I have never been abroad.",
    "Do you know where|the nearest station is?",
    "I was going to ask you|whether you like jazz.",
    "Yesterday my brother and|his wife came to visit.",
    "Let me think, the name was|Anderson.",
    "I need a recipe with|chicken and rice.",
    "Because I work at night,|I sleep until noon.",
    "Well,|I am not so sure.",
    "So,|what did you do then?",
    "I usually get up at, um,|half past six.",
    "Please remind me to|call my mother.",
    "How much does it cost to|fly to Lisbon?",
    "It is not that I dislike it, but|it takes too long.",
    "Our daughter, who is seven,|has started to play chess.",
    "Is there a difference between|a frog and a toad?",
    "I have been trying to|fix this bicycle.",
    "She told me she would|come on Friday.",
    "Can you explain how|a rainbow forms?",
    "After we finish dinner,|can we watch something?",
    "He is one of those people who|never give up.",
    "My number is five five five,|one two three four.",
    "I think|the best one was the second.",
)
"""Nobody would take what comes before the bar for a whole sentence: to answer there is wrong."""
CLOSED: Final = (
    "I was thinking about it,|and I would like to know what you would do.",
    "I like apples, pears and cherries.|But which of them is the healthiest?",
    "My sister wants to visit us,|so what should we cook?",
    "It was raining all day,|so we stayed at home.",
    "I have two cats|and a dog.",
    "We went to Italy|last summer.",
    "That is a good idea,|thank you.",
    "I do not eat meat,|because I like animals.",
    "Can you recommend a film?|Something funny.",
    "What time is it|in Tokyo?",
    "I play the guitar,|but not very well.",
    "Tell me a story|about a dragon.",
)
"""What comes before the bar could be all: to answer there is quick, not wrong."""
WHOLE: Final = (
    *QUESTIONS,
    "What are you looking for?",
    "Where do you come from?",
    "What is it about?",
    "Who did you talk to?",
    "I think so.",
    "Yes, it is.",
    "No, I have not.",
    "I do not know what it is.",
    "Tell me what you are thinking of.",
    "That is what I was afraid of.",
    "My name is Anna.",
    "I would like a cup of coffee.",
    "Tell me a joke.",
    "Thank you, that helps.",
    "I am fine, and you?",
    "Not really.",
    "Because I like it.",
    "Two, please.",
    "I do not agree with that.",
    "If you like.",
    "When do you go to bed?",
    "I know how to do it.",
)
"""Turns that are over, some by words on which others break off."""
