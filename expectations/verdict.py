"""What the gate says about one build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


class Blocked(RuntimeError):  # noqa: N818 - it is what the gate says, not a fault of it
    """The build did not pass. What is published stays; `ops.gate_result` names rule and count."""


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What the gate decided about one build."""

    build_id: int
    verdict: Literal["pass", "block"]
    expectations_run: int
    failures: int
    """Failed expectations that block."""
    warnings: int
    """Failed expectations of severity warn; they do not block."""
    waived: int
    """Failures that a waiver let through; each is printed."""
    waivable: int
    """Failures that only a waiver could let through. Equal to ``failures``: nothing else is in the way."""
    reason: str
    seconds: float

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"

    def raise_if_blocked(self) -> None:
        """Raise Blocked, with the reason, unless the build passed."""
        if not self.passed:
            raise Blocked(f"build [{self.build_id}] must not be published: {self.reason}; see ops.gate_result")

    @property
    def can_be_waived(self) -> bool:
        """Blocked, and a named person could let it through."""
        return not self.passed and self.failures == self.waivable
