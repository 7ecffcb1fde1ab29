"""An avatar is given up when it is dead, and not when the agent itself was away."""

from visavis.watchdog import AT_REST, FIRST, SILENT, SPEAKING, Watchdog


def ticks_to_death(dog: Watchdog, patience: int, most: int = 1000) -> int | None:
    ticks = range(1, most + 1)
    return next((n for n in ticks if dog.tick(patience, connected=True)), None)


def test_a_speaker_that_falls_silent_is_given_up_within_the_second() -> None:
    dog = Watchdog()
    dog.sign()
    assert ticks_to_death(dog, SPEAKING) == SPEAKING < 8


def test_a_silent_avatar_is_given_more_time() -> None:
    dog = Watchdog()
    dog.sign()
    assert ticks_to_death(dog, SILENT) == SILENT > SPEAKING


def test_an_avatar_that_hesitates_is_given_more_time_until_it_stops() -> None:
    dog = Watchdog()
    dog.sign()
    assert ticks_to_death(dog, SPEAKING, most=5) is None
    dog.sign()
    slow = ticks_to_death(dog, SPEAKING)
    assert slow is not None and SPEAKING < slow <= SILENT
    for _ in range(1000):
        dog.sign()
        assert not dog.tick(SPEAKING, connected=True)
    dog.sign()
    assert ticks_to_death(dog, SPEAKING) == SPEAKING


def test_an_avatar_that_need_not_hurry_at_rest_is_not_given_more_time_for_that() -> None:
    dog = Watchdog()
    for _ in range(100):
        dog.sign(at_rest=True)
        assert ticks_to_death(dog, SILENT, most=AT_REST) is None
    dog.begin()
    assert ticks_to_death(dog, SPEAKING) == SPEAKING


def test_an_avatar_at_rest_is_not_late_with_the_first_word() -> None:
    dog = Watchdog()
    dog.sign(at_rest=True)
    assert ticks_to_death(dog, SILENT, most=SPEAKING) is None
    dog.begin()
    assert ticks_to_death(dog, SPEAKING, most=SPEAKING - 1) is None


def test_signs_keep_it_alive() -> None:
    dog = Watchdog()
    for _ in range(1000):
        dog.sign()
        assert not dog.tick(SPEAKING, connected=True)


def test_an_avatar_that_never_gave_a_sign_may_still_be_starting() -> None:
    assert ticks_to_death(Watchdog(), SPEAKING) == FIRST


def test_a_death_comes_without_a_warning() -> None:
    for before in (1, 3, 5, 9):
        dog = Watchdog()
        dog.sign()
        for _ in range(before):
            dog.tick(SILENT, connected=True)
        dog.sign()
        assert not dog.doubts
        warned = death = 0
        while not death:
            death += dog.tick(SPEAKING, connected=True)
            warned += dog.doubts
        assert warned >= 3


def test_what_it_did_of_late_is_a_warning_again() -> None:
    dog = Watchdog()
    warned = []
    for silence in (1, 2, 5, 4, 5, 3, 5):
        dog.sign()
        for _ in range(silence):
            assert not dog.tick(SPEAKING, connected=True)
        warned.append(dog.doubts)
    assert warned == [False, False, True, False, False, False, False]


def test_nobody_dies_while_the_agent_itself_is_cut_off() -> None:
    dog = Watchdog()
    dog.sign()
    assert not any(dog.tick(SPEAKING, connected=False) for _ in range(1000))
    assert ticks_to_death(dog, SPEAKING) == FIRST
