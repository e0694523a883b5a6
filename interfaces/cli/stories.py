"""Seven stories of Tallis Pumps: what can come of a plan, each told in a few lines."""

from datetime import date

from ...application import commands as c
from ...domain.approval import PerceivedValue
from ...domain.lifecycle import Step
from .player import Player, Wish
from .stage import Script, Stage, Story, on


def day(when: date) -> str:
    """`7 April`, in whatever language the machine speaks."""
    return f"{when.day} {MONTHS[when.month - 1]}"


MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

LEADS: Wish = (
    "Find leads before trade fairs",
    "three leads a quarter",
    "LinkedIn",
    "a distributor in Graz asked for a quotation",
)
INSTALLERS: Wish = (
    "Answer questions of installers",
    "fewer calls to the service desk",
    "the installers' forum",
    "two answers that installers confirmed",
)
WRITING: Wish = (
    "Write about pump noise",
    "readers who ask for the data sheet",
    "LinkedIn",
    "an article with 40 comments from engineers",
)
FREIGHT: Wish = (
    "Watch freight delays",
    "a day's warning of late parts",
    "the hauliers' groups",
    "a strike known one day ahead",
)
REPAIRS: Wish = (
    "Learn from repair videos",
    "repairs done on the first visit",
    "YouTube",
    "a seal changed in half the time",
)
SUPPLIERS: Wish = (
    "Find a second supplier of castings",
    "one that delivers within the week",
    "LinkedIn",
    "a foundry in Braga sent samples",
)
TENDERS: Wish = (
    "Hear of tenders early",
    "two tenders more a year",
    "the port authorities' channels",
    "a tender seen nine days before the bulletin",
)
PRICES: Wish = (
    "Follow the price of copper",
    "purchases at the right week",
    "analysts' posts",
    "an order moved forward by a week",
)


def one_of_two(stage: Stage) -> Script:
    story = stage.tells("1020", "enabled for one of two tasks")
    lena = Player(stage, story)
    yield on(3, 2)
    lena.prepares(LEADS, INSTALLERS)
    lena.says("lists an ordinary day, picks two tasks and a short routine for each")
    yield from lena.practises([(3, 3)])
    lena.says(f"practises; the month can be completed from {day(lena.ready_on())} on")
    yield from lena.practises([(3, 10), (3, 17), (3, 24), (3, 31), (4, 7)])
    lena.says("the month is met: six days of practice; the manager never sees the log")
    yield on(4, 8)
    lena.settles(LEADS, INSTALLERS)
    lena.asks(1)
    lena.asks(2)
    lena.says("notes a result for each task and asks for acceptance; each task travels alone")
    yield on(4, 10)
    lena.accepted_by("1010", 1)
    lena.accepted_by("1010", 2, PerceivedValue.INDIRECT)
    lena.says("Marek Novotny, her manager, accepts both")
    no = stage.refused(lena.acceptance(1), "1010")
    lena.says(f"and would accept for the next level too. Refused: {no}")
    yield on(4, 14)
    lena.accepted_by("1002", 1)
    lena.says(f"Ingrid Solheim, the level above, accepts the leads: enabled until {_until(lena)}")
    lena.declined_by("1002", "The service desk will answer installers this year.", 2)
    lena.says("and declines the installers: not accepted for now, with the reason on record")


def second_round(stage: Stage) -> Script:
    story = stage.tells("1054", "returned, and accepted in round two")
    tomasz = Player(stage, story)
    yield on(3, 9)
    tomasz.prepares(WRITING)
    yield from tomasz.practises([(3, 11), (3, 18)])
    tomasz.keeps("What a pump hears", "https://readers.example/noise")
    tomasz.keeps("How readers choose a pump", "https://readers.example/pumps")
    tomasz.says("keeps two articles to read: reference material, to be thrown away after a year")
    yield from tomasz.practises([(3, 25), (4, 1), (4, 8), (4, 15)])
    yield on(4, 16)
    tomasz.settles(WRITING)
    tomasz.asks()
    tomasz.says("a month of practice, one result; asks for acceptance")
    yield on(4, 20)
    tomasz.returned_by("1018", "Which of the readers asked for the data sheet?", Step.NOTE_RESULTS)
    tomasz.says('Marta Olsdal returns it: "Which of the readers asked for the data sheet?"')
    yield on(4, 21)
    tomasz.cites()
    tomasz.asks()
    tomasz.says("cites one article as evidence, which makes a record copy of it; asks again")
    yield on(4, 22)
    tomasz.accepted_by("1018")
    yield on(4, 24)
    tomasz.accepted_by("1005")
    tomasz.says(f"round 2: both levels accept evidence version 2; enabled until {_until(tomasz)}")


def not_for_now(stage: Stage) -> Script:
    story = stage.tells("1044", "declined")
    aisha = Player(stage, story)
    yield on(3, 4)
    aisha.prepares(FREIGHT)
    yield from aisha.practises([(3, 5), (3, 12), (3, 19), (3, 26), (4, 2), (4, 9)])
    yield on(4, 10)
    aisha.settles(FREIGHT)
    aisha.asks()
    aisha.says("a month of practice, one result; asks for acceptance")
    yield on(4, 13)
    aisha.declined_by("1015", "The hauliers now send their delays by themselves.")
    aisha.says('not accepted for now: "The hauliers now send their delays by themselves."')
    aisha.says("it says nothing against her; with a new result she may ask again")


def began_again(stage: Stage) -> Script:
    story = stage.tells("1039", "the month began again")
    jonas = Player(stage, story)
    yield on(3, 2)
    jonas.prepares(REPAIRS)
    yield from jonas.practises([(3, 3), (3, 10)])
    jonas.says("works Monday to Wednesday, practises twice; then four weeks bring other work")
    yield on(4, 7, 14)
    assert "plan.month_began_again.v1" in jonas.logs()
    jonas.says("more than five of his own working days without an entry:")
    jonas.says(f"your month begins again; your entries stay. Ready from {day(jonas.ready_on())} on")
    yield from jonas.practises([(4, 14), (4, 21), (4, 28), (5, 5), (5, 12)])
    yield on(5, 13)
    jonas.settles(REPAIRS)
    jonas.asks()
    jonas.says("the month is met; asks. His manager's post is vacant: the case climbs over it")
    yield on(5, 18)
    jonas.accepted_by("1003")
    jonas.says("Pieter van Dalen accepts; now Astrid Halvorsen, at the top, has it before her")


def stand_in(stage: Stage) -> Script:
    story = stage.tells("1033", "handled by a stand-in")
    ines = Player(stage, story)
    yield on(3, 16)
    ines.prepares(SUPPLIERS)
    yield from ines.practises([(3, 17), (3, 24), (3, 31), (4, 7), (4, 14)])
    _goes_away(stage, "1013", "1015", date(2026, 4, 20), date(2026, 5, 4))
    ines.says("Sofia Marquesa, her manager, will be away from 20 April; Bram de Witte stands in")
    yield from ines.practises([(4, 20)])
    yield on(4, 21)
    ines.settles(SUPPLIERS)
    ines.asks()
    yield on(4, 23)
    ines.accepted_by("1015")
    ines.says("asks; Bram de Witte accepts on behalf of Sofia Marquesa, and the record says so")
    yield on(4, 28)
    ines.accepted_by("1003")
    ines.says(f"Pieter van Dalen, the level above, accepts: enabled until {_until(ines)}")


def own_work(stage: Stage) -> Script:
    story = stage.tells("1025", "refused: accepting one's own task")
    ravi = Player(stage, story)
    yield on(3, 10)
    ravi.prepares(TENDERS)
    yield from ravi.practises([(3, 11), (3, 18), (3, 25), (4, 1), (4, 8)])
    _goes_away(stage, "1011", "1025", date(2026, 4, 13), date(2026, 4, 27))
    ravi.says("Grace Limbaru, his manager, will be away from 13 April; he stands in for her")
    yield from ravi.practises([(4, 13)])
    yield on(4, 14)
    ravi.settles(TENDERS)
    ravi.asks()
    no = stage.refused(ravi.acceptance(), "1025")
    ravi.says(f"asks, and as her stand-in would accept it himself. Refused: {no}")
    yield on(4, 15)
    ravi.accepted_by("1002")
    ravi.says("the alternate decides for her: her own manager, Ingrid Solheim")
    yield on(4, 17)
    ravi.accepted_by("1001")
    ravi.says("two different people: so level 2 climbs to Astrid Halvorsen, who accepts as well:")
    ravi.says(f"enabled until {_until(ravi)}")


def under_the_top(stage: Stage) -> Script:
    story = stage.tells("1004", "whose manager is the top")
    helene = Player(stage, story)
    yield on(3, 12)
    helene.prepares(PRICES)
    yield from helene.practises([(3, 13), (3, 20), (3, 27), (4, 3), (4, 10), (4, 17)])
    yield on(4, 20)
    helene.settles(PRICES)
    helene.asks()
    yield on(4, 22)
    helene.accepted_by("1001")
    helene.says("asks; Astrid Halvorsen accepts, and nobody stands above her to be the second:")
    helene.says("waiting for HR to name an approver; it lies in Hilda Brandsma's inbox")


STORIES = (
    one_of_two,
    second_round,
    not_for_now,
    began_again,
    stand_in,
    own_work,
    under_the_top,
)


def _goes_away(stage: Stage, number: str, stand_in: str, start: date, end: date) -> None:
    """A manager notes the absence, dates only, and appoints somebody for it."""
    person, other = stage.who(number).person, stage.who(stand_in).person
    stage.do(c.NoteAbsence(person=person, start=start, end=end), number)
    appointed = c.AppointStandIn(person=person, stand_in=other, start=start, end=end)
    stage.do(appointed, number)


def _until(player: Player) -> str:
    until = player.enabled_until()
    return f"{day(until)} {until.year}"


def lines_of(story: Story) -> list[tuple[str, str]]:
    """Each line with its day, which is said once."""
    told: list[tuple[str, str]] = []
    last: date | None = None
    for when, line in story.lines:
        told.append(("" if when == last else day(when), line))
        last = when
    return told
