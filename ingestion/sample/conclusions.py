"""What the warehouse should be able to conclude from the sample's accepted rows, worked out apart from it.

Plain Python from the written tables of the guarantees (indicators, section 2), not from the SQL that is judged by it.
Moves, which no feed proves yet, cannot apply.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from hearth.period import Period
from ingestion.reference_data import parameters
from ingestion.sample.accepted_rows import Feed, Register, SentRow, newest_tests

GUARANTEES = ("food", "clothing", "education", "medical", "housing", "water", "power")
FIVE = GUARANTEES[:5]
MET, UNMET, UNKNOWN = "met", "unmet", "unknown"

_GONE_TO_WORK = frozenset({"03", "04", "05"})
"""not_in_school_code: weary of school, poor, working."""

Verdict = tuple[str, str]
"""State and reason."""


class Month:
    """The conclusions of one month. `feeds`: by subject; `first_listed`: person serial -> first month on the register.

    One return per row of a table, so that the tables can be read off.
    """

    def __init__(
        self, period: Period, county_code: str, feeds: Mapping[str, Feed], first_listed: Mapping[str, Period]
    ) -> None:
        self.period = period
        self.feeds = feeds
        self.first_listed = first_listed
        self.register = Register(feeds["households"].rows, feeds["members"].rows)
        self._parameters = parameters(period.last_day, county_code)
        self._tests = newest_tests(feeds["waterworks"].rows)
        self.reached = {
            subject: [None if row.is_planted else self.register.reach(row) for row in feed.rows]
            for subject, feed in feeds.items()
        }
        """Subject -> the household that each of its rows leads to, as far as it was accepted."""
        self._by_household = {
            subject: self._grouped(subject) for subject in feeds if subject not in {"households", "members"}
        }

    def _grouped(self, subject: str) -> Mapping[str, list[SentRow]]:
        grouped: dict[str, list[SentRow]] = defaultdict(list)
        for row, number in zip(self.feeds[subject].rows, self.reached[subject], strict=True):
            if number is not None:
                grouped[number].append(row)
        return grouped

    def _limit(self, code: str) -> int:
        value = self._parameters[code]
        if not isinstance(value, Decimal):
            raise TypeError(f"parameter [{code}] is [{value}], not a number; mend threshold.csv")
        return int(value)

    def _is_within(self, subject: str, limit: str, *, in_term: bool = False) -> bool:
        age = self.feeds[subject].age(self.period, in_term=in_term)
        return age is not None and age <= self._limit(limit)

    def _rows(self, subject: str, number: str) -> list[SentRow]:
        return self._by_household[subject].get(number, [])

    def _is_later(self, number: str, evidence: Period) -> bool:
        """Rule (e): the register looked later than the evidence was made."""
        surveyed = self.register.households[number].values.get("surveyed_month")
        return surveyed is not None and surveyed > evidence

    # ------------------------------------------------------------ 2.1 food, clothing
    def survey(self, number: str, column: str) -> Verdict:
        row = self.register.households[number].values
        is_met, surveyed = row.get(column), row.get("surveyed_month")
        if is_met is False:
            return UNMET, "declared"
        if is_met is None:
            return UNKNOWN, "no_row"
        if surveyed is None:
            return UNKNOWN, "no_date"
        is_old = self.period.months_since(surveyed) > self._limit("survey_carry_months")
        if is_old or not self._is_within("households", "carry_register"):
            return UNKNOWN, "stale"
        return MET, "surveyed"

    # ------------------------------------------------------------ 2.2 education
    def _is_child(self, birth: date) -> bool:
        end = self.period.last_day
        august = date(end.year if end >= date(end.year, 8, 31) else end.year - 1, 8, 31)
        return _age(birth, august) >= self._limit("compulsory_age_min") and _age(birth, end) <= self._limit(
            "compulsory_age_max"
        )

    def _child(self, number: str, member: SentRow) -> Verdict:  # noqa: PLR0911 - a row, a return
        """Table 2.2, row by row. Whether junior school is finished is the roll's to say (row 6), not the register's."""
        id_number = member.values["id_number"]
        cases = [row.values for row in self._rows("absences", number) if row.values.get("id_number") == id_number]
        statuses = {case["status_code"] for case in cases}
        if statuses & {"2", "3"}:
            return UNMET, "dropout"
        if "1" in statuses:
            return UNKNOWN, "suspected"
        rolls = [row.values for row in self._rows("pupils", number) if row.values.get("id_number") == id_number]
        roll = rolls[0] if rolls else {}
        reason = roll.get("not_in_school_code")
        if not self._is_within("absences", "carry_education", in_term=True) and reason not in _GONE_TO_WORK:
            return UNKNOWN, "stale"
        is_current = self._is_within("pupils", "carry_education", in_term=True)
        if not roll or not is_current:
            if reason in _GONE_TO_WORK:
                return UNMET, "declared"
            if not is_current:
                return UNKNOWN, "stale"
            is_declared = member.values.get("not_in_school_code") in _GONE_TO_WORK
            return (UNMET, "declared") if is_declared else (UNKNOWN, "not_found")
        attendance, stated = roll["attendance_code"], member.values.get("not_in_school_code")
        if attendance == "1":
            source = self.feeds["pupils"].source
            is_denied = stated not in {None, "06"} and source is not None and self._is_later(number, source)
            return (UNKNOWN, "conflict") if is_denied else (MET, "at_school")
        if attendance == "5" and roll["stage_code"] == "3":
            return MET, "finished"
        if attendance in {"2", "3", "4"}:
            until = roll.get("leave_until_date")
            is_explained = reason is not None and until is not None and until >= self.period.last_day
            if is_explained or any(case.get("exemption_document_no") for case in cases):
                return MET, "explained"
            return UNKNOWN, "document"
        return (UNMET, "declared") if reason in _GONE_TO_WORK else (UNKNOWN, "not_located")

    def education(self, number: str) -> Verdict:
        children = [row for row in self.register.members[number] if self._is_child(_birth(row))]
        return _household([self._child(number, child) for child in children])

    # ------------------------------------------------------------ 2.3 medical
    def _is_new(self, member: SentRow) -> bool:
        """Born or first listed a short while ago; the register lists by month, so by the end of its first month."""
        days = self._limit("newborn_days")
        listed = self.first_listed[member.person or ""].last_day
        return min((self.period.last_day - _birth(member)).days, (self.period.last_day - listed).days) <= days

    def _insured(self, number: str, member: SentRow) -> Verdict:  # noqa: PLR0911 - a row, a return
        id_number, feed = member.values["id_number"], self.feeds["insured"]
        mine = [row.values for row in self._rows("insured", number) if row.values["id_number"] == id_number]
        row = next((row for row in mine if row["insurance_year"] == self.period.year), None)
        is_within = self._is_within("insured", "carry_insurance")
        if row is None:
            if any(row["insurance_year"] == self.period.year - 1 for row in mine):
                return UNKNOWN, "renewal"
            is_this_year = feed.source is not None and feed.source.year == self.period.year
            return UNKNOWN, "not_found" if is_within and is_this_year else "stale"
        status, serious = row["insurance_status_code"], row.get("has_serious_illness_insurance")
        stated = (member.values.get(f"stated_is_{kind}_insured") for kind in ("resident", "employee"))
        is_denied = any(stated) and feed.source is not None and self._is_later(number, feed.source)
        match status:
            case "16" | "19":
                return UNMET, "not_insured"
            case "11" | "12":
                return UNKNOWN, "conflict" if status == "11" else "lost"
            case "13" | "14" | "18":
                met: Verdict = MET, "exempt"
            case "15" | "17" if self._is_new(member):
                met = MET, "in_process"
            case "15" | "17":
                return UNKNOWN, "in_process"
            case "01" | "04" if serious is False:
                return UNMET, "no_serious"
            case "01" | "04" if serious is None and self._parameters["serious_auto"] != "是":
                return UNKNOWN, "partial"
            case "01" | "02" | "03" | "04" | "05":
                met, is_denied = (MET, "insured"), False
            case _:
                raise ValueError(f"insurance_status_code [{status}] is not in table 2.3")
        if not is_within:
            return UNKNOWN, "stale"
        return (UNKNOWN, "conflict") if is_denied else met

    def medical(self, number: str) -> Verdict:
        return _household([self._insured(number, member) for member in self.register.members[number]])

    # ------------------------------------------------------------ 2.4 housing
    def housing(self, number: str) -> Verdict:
        """Table 2.4; an assessment without certificate, grade, date or assessor is none (R-HSG-01)."""
        if self._is_in_institution(number):
            return MET, "institution"
        needed = ("certificate_no", "house_grade_code", "assessed_date", "assessor_name")
        found = [row.values for row in self._rows("houses", number) if all(row.values.get(name) for name in needed)]
        house = max(found, key=lambda row: (row.get("house_use_code") == "1", row["assessed_date"]), default=None)
        register = self.register.households[number].values
        accepted = self._renovated(number)
        if house is not None and accepted is not None and accepted <= house["assessed_date"]:
            accepted = None
        if house is not None and house["house_grade_code"] in {"C", "D"} and accepted is None:
            return UNMET, "dangerous"
        if house is None and accepted is None:
            is_declared = register.get("stated_is_dangerous_house") is True or register.get("house_area_m2") == 0
            return (UNMET, "declared") if is_declared else (UNKNOWN, "no_certificate")
        proofs = [(accepted, "renovated")] if accepted is not None else []
        if house is not None and house["house_grade_code"] in {"A", "B"}:
            proofs.insert(0, (house["assessed_date"], "certified"))
        # The first proof that is young enough; the rows of the table stand in this order.
        for day, reason in proofs:
            proved = Period.containing(day)
            if self.period.months_since(proved) <= self._limit("house_cert_months"):
                is_denied = register.get("stated_is_dangerous_house") is True and self._is_later(number, proved)
                return (UNKNOWN, "conflict") if is_denied else (MET, reason)
        return UNKNOWN, "stale"

    def _renovated(self, number: str) -> date | None:
        """Day on which the newest renovation was accepted."""
        works = [row.values for row in self._rows("renovations", number)]
        days = [work["accepted_date"] for work in works if work["progress_code"] == "3" and work.get("accepted_date")]
        return max(days, default=None)

    def _is_in_institution(self, number: str) -> bool:
        """Whether the tekun roll has every active member in an institution."""
        roll = [row.values for row in self._rows("supported", number)]
        inside = {
            row["id_number"] for row in roll if row["support_mode_code"] == "1" and row.get("stopped_month") is None
        }
        return all(row.values["id_number"] in inside for row in self.register.members[number])

    # ------------------------------------------------------------ 2.5 water
    def _supply(self, number: str, row: Mapping[str, Any], source: Period) -> Verdict:  # noqa: PLR0911 - a row, a return
        ratings = [row.get(f"{name}_rating_code") for name in ("quantity", "quality", "convenience", "reliability")]
        if "3" in ratings or row["verdict_code"] == "3":
            return UNMET, "below_standard"
        scheme, accepted = self._tests.get(row.get("scheme_no") or ""), row.get("acceptance_date")
        failed = scheme.day if scheme is not None and scheme.is_failing else None
        if failed is not None and accepted is not None and failed > accepted:
            return UNMET, "test_failed"
        if (row.get("cut_days") or 0) >= self._limit("water_cut_days"):
            return UNMET, "cut"
        if None in ratings:
            return UNKNOWN, "partial"
        if not row.get("acceptance_certificate_no"):
            return UNKNOWN, "no_certificate"
        if scheme is not None and scheme.is_failing and (failed is None or accepted is None):
            return UNKNOWN, "no_test"  # a failure that no dates put before the acceptance
        tested = scheme.day if scheme is not None and scheme.day is not None else row.get("tested_date")
        limit = self._limit("quality_test_months")
        is_tested = tested is not None and self.period.months_since(Period.containing(tested)) <= limit
        if row["supply_mode_code"] == "1" and not is_tested:
            return UNKNOWN, "no_test"
        if not self._is_within("taps", "carry_water"):
            return UNKNOWN, "stale"
        is_denied = self.register.households[number].values.get("stated_is_water_safe") is False
        if is_denied and self._is_later(number, Period.containing(accepted) if accepted else source):
            return UNKNOWN, "conflict"
        return MET, "accepted"

    def water(self, number: str) -> Verdict:
        source = self.feeds["taps"].source
        found = [self._supply(number, row.values, source) for row in self._rows("taps", number) if source is not None]
        if found:
            return _household(found)
        is_denied = self.register.households[number].values.get("stated_is_water_safe") is False
        return (UNMET, "declared") if is_denied else (UNKNOWN, "no_row")

    # ------------------------------------------------------------ 2.6 power
    def power(self, number: str) -> Verdict:
        accounts = [row.values for row in self._rows("meters", number)]
        accounts = [row for row in accounts if row.get("account_status_code") not in {"4", "5"}]
        is_denied = self.register.households[number].values.get("stated_has_living_power") is False
        source = self.feeds["meters"].source
        if not accounts or source is None:
            return (UNMET, "declared") if is_denied else (UNKNOWN, "no_row")
        living = [row for row in accounts if row["has_living_power"] is True and row.get("power_source_code") != "9"]
        is_low = bool(living) and all(row.get("is_low_voltage") is True for row in living)
        if is_low and self._parameters["low_voltage_unmet"] == "是":
            return UNMET, "low_voltage"
        is_within = self._is_within("meters", "carry_power")
        if living and is_within:
            return (UNKNOWN, "conflict") if is_denied and self._is_later(number, source) else (MET, "connected")
        if is_within and any(row["has_living_power"] is None and (row.get("usage_kwh") or 0) > 0 for row in accounts):
            return MET, "used"
        if all(row["has_living_power"] is False or row.get("power_source_code") == "9" for row in accounts):
            return UNMET, "not_supplied"
        return UNKNOWN, "no_statement" if is_within else "stale"

    # ------------------------------------------------------------ all
    def states(self, number: str) -> dict[str, Verdict]:
        """State and reason of the seven guarantees of an active household, with the two conjunctions."""
        found = {
            "food": self.survey(number, "is_food_met"),
            "clothing": self.survey(number, "is_clothing_met"),
            "education": self.education(number),
            "medical": self.medical(number),
            "housing": self.housing(number),
            "water": self.water(number),
            "power": self.power(number),
        }
        return found | {
            "five": (_all(found[name][0] for name in FIVE), ""),
            "seven": (_all(found[name][0] for name in GUARANTEES), ""),
        }


def _age(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _birth(member: SentRow) -> date:
    """The birth date in the ID number: the register need not send the other one."""
    digits = member.values["id_number"][6:14]
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def _all(states: Iterable[str]) -> str:
    """Kleene and; nobody in scope is met."""
    found = set(states)
    return UNMET if UNMET in found else UNKNOWN if UNKNOWN in found else MET


def _household(verdicts: Sequence[Verdict]) -> Verdict:
    """Rule (h): the parts' states combined, with the reason of the first part that has the state."""
    if not verdicts:
        return MET, "not_applicable"
    state = _all(state for state, _ in verdicts)
    return next(verdict for verdict in verdicts if verdict[0] == state)
