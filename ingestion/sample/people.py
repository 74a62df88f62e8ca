"""Invented people: names from lists, and ID numbers that are well formed and belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from hearth.period import Period

ISSUING_PREFIX = "520099"
"""No county ever had this code (GB/T 2260 gives 5200xx to none), so no ID number that begins with it was ever issued.

The check digit is right all the same: checks must accept these people, and nobody can be mistaken for one of them.
"""

_SURNAMES = "李杨张王赵段董罗字茶鲁苏马周陈刘黄何吴徐朱郭穆蒋毕普禹左尹褚"
_MALE = "家国建文明正光荣德应忠世永绍开成自学兴云龙海山林江"
_FEMALE = "丽芳秀英珍琼兰美凤仙菊莲翠红玉春桂梅娟燕会芬艳霞"
_SECOND = "华平军强伟祥福贵发才富良昌生龙明清云安和宁顺坤雄"
_RARE = "㛃䶮喆堃"
"""Letters that GB2312 and GBK lack or that old systems mangle; real rolls hold a few such names."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


MOVED = {"13", "24"}
"""member_change codes of someone who leaves one household of the county for another (迁入, 分户)."""


def check_character(first17: str) -> str:
    """Check character of an 18-character ID number (GB 11643, MOD 11-2); apart from the reader's own on purpose."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def compose_id_number(birth: str, sequence: int) -> str:
    """18 characters from a birth date ``YYYYMMDD`` and a sequence number 0..999 (odd: male)."""
    first17 = f"{ISSUING_PREFIX}{birth}{sequence:03d}"
    return first17 + check_character(first17)


SEQUENCES = range(500)
"""Pairs of sequence numbers that a birth date has: an odd one for men and an even one for women."""

_DAYS_BACK = 120
"""A full birth date sends the next ones so many days back at most."""


class IdRegister:
    """Hands out every ID number once. The same requests in the same order give the same numbers.

    `own`: the pairs of sequence numbers of each birth date that are this register's.
    """

    def __init__(self, own: range = SEQUENCES) -> None:
        self._own = own
        self._taken: set[str] = set()

    def issue(self, birth: date, sex: str, rng: Random) -> tuple[str, date]:
        """A new number, sex 1 (male) or 2 as in GB/T 2261.1, and its birth date.

        That is the birth date asked for, or where its numbers have run out, the last one before that has some left.
        Raises ValueError when there is none in sight.
        """
        start, odd = rng.randrange(len(self._own)), int(sex == "1")
        for back in range(_DAYS_BACK):
            day = birth - timedelta(days=back)
            digits = f"{day.year:04d}{day.month:02d}{day.day:02d}"
            for step in range(len(self._own)):
                number = compose_id_number(digits, self._own[(start + step) % len(self._own)] * 2 + odd)
                # Text files with 16 or more digits ending in 000 look like damaged numbers (GEN-15).
                if number not in self._taken and not number.endswith("000"):
                    self._taken.add(number)
                    return number, day
        raise ValueError(f"no ID number is left for birth date [{birth}]; ask for fewer households")


def full_name(rng: Random, surname: str, sex: str) -> str:
    """Surname and one or two further characters."""
    if rng.random() < 0.004:
        return surname + rng.choice(_RARE)
    first = rng.choice(_MALE if sex == "1" else _FEMALE)
    return surname + first + (rng.choice(_SECOND) if rng.random() < 0.8 else "")


def any_surname(rng: Random) -> str:
    """One of the list."""
    return rng.choice(_SURNAMES)


@dataclass(slots=True)
class Case:
    """A child who left school; months are periods, the ledger row follows from them."""

    opened: Period
    absent_since: date
    reason: str
    closed: Period | None = None


@dataclass(slots=True)
class Person:
    """One person. What changes with age is derived from the birth date and the traits."""

    name: str
    sex: str
    birth: date
    id_number: str
    relation: str
    ethnicity: str
    education: str
    health: tuple[str, ...]
    disability: str | None
    """Type and grade digits of the disability certificate."""
    labour: str
    """Labour capacity at working age."""
    works_away: bool
    insurance: str
    """insurance_status_code; empty: the roll does not have the person."""
    serious: bool | None
    senior_path: str
    """After junior school: senior, vocational or none."""
    goes_to_college: bool
    schooling: str
    """What the school roll says of the child: school, home (taught at home), leave, missing."""
    joined: tuple[str, Period] | None = None
    left: tuple[str, Period] | None = None
    case: Case | None = field(default=None)
    disabled: Period | None = None
    """Got the disability certificate within the sample's time."""

    def age_on(self, day: date) -> int:
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))

    def is_member(self, period: Period) -> bool:
        """On the household's list and not leaving in the period or before."""
        return (self.joined is None or self.joined[1] <= period) and (self.left is None or self.left[1] > period)

    def is_listed(self, period: Period) -> bool:
        """Has a row: a member, or leaving in exactly this period (the row that explains it)."""
        return self.is_member(period) or (self.left is not None and self.left[1] == period)


@dataclass(frozen=True, slots=True)
class Schooling:
    """Where a child stands in the school year."""

    stage: str | None
    grade: int | None
    register_status: str
    """school_status_code of the register."""


def school_year(period: Period) -> int:
    """The year in which the school year of the month began (September)."""
    return period.year if period.month >= 9 else period.year - 1


def _child(age: int) -> Schooling:
    if age < 4:
        return Schooling(None, None, "01")
    if age < 6:
        return Schooling("1", 0, "02")
    return Schooling("2", age - 5, "03") if age < 12 else Schooling("3", age - 5, f"{age - 8:02d}")


def schooling(person: Person, period: Period) -> Schooling | None:
    """Expected schooling by age on 31 August; None for adults out of school."""
    age = person.age_on(date(school_year(period), 8, 31))
    if age < 15:
        return _child(age)
    if age < 18:
        # Register codes: 07-09 senior school, 10-12 vocational school.
        years = {
            "senior": Schooling("4", age - 5, f"{age - 8:02d}"),
            "vocational": Schooling("5", age - 5, str(age - 5)),
        }
        return years.get(person.senior_path)
    if age < 22 and person.goes_to_college:
        return Schooling("7", None, "14") if person.senior_path == "senior" else Schooling("6", None, "13")
    return None
