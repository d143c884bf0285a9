"""Every fault on every backend under every on-fail, under load: it comes back in time, and it does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults import cells
from tests.faults.cells import BUSY, Seen, Stand
from tests.faults.table import CONTINUE, FAULTS, ON_FAILS, STOP, Fault
from tests.lab import databases

pytestmark = [pytest.mark.root, pytest.mark.timeout(90)]

Case = tuple[Fault, str, str]


def cases(end: bool) -> list[Any]:
    """Fault, kind of backend, on-fail; those next to each other share a daemon. end: the tries are used up."""
    found = [
        (fault, kind, on_fail)
        for kind in ("postgresql", "mysql", "memfile")
        for on_fail in ON_FAILS
        for network in (False, True)
        for fault in FAULTS
        if kind in fault.kinds and fault.network == network and _exists(fault, on_fail, end)
    ]
    return [pytest.param(case, id="-".join((case[0].name, *case[1:])), marks=_marks(case, end)) for case in found]


def _exists(fault: Fault, on_fail: str, end: bool) -> bool:
    return fault.lost if end else (fault.tries or on_fail == CONTINUE)


def _marks(case: Case, end: bool) -> list[pytest.MarkDecorator]:
    """The representative cut: some faults, each end of the policy once."""
    fault, kind, on_fail = case
    wanted = {"postgresql": STOP, "mysql": CONTINUE, "memfile": on_fail}[kind]
    if fault.ci and on_fail == wanted and (not end or fault.name in ("kill -9", "disk full")):
        return []
    return [pytest.mark.long]


@pytest.mark.parametrize("case", cases(end=False))
def test_a_fault_that_is_over_in_time_costs_no_promise(stand: Stand, case: Case, returned: list[Seen]) -> None:
    returned.append(run(cells.returned, stand, case))
    judge(returned[-1])


@pytest.mark.parametrize("case", cases(end=True))
def test_a_fault_that_lasts_ends_as_on_fail_says(stand: Stand, case: Case, given_up: list[Seen]) -> None:
    given_up.append(run(cells.given_up, stand, case))
    judge(given_up[-1])


def run(cell: Any, stand: Stand, case: Case) -> Seen:
    fault, kind, on_fail = case
    if kind != "memfile" and not databases.available(kind):
        pytest.skip(f"no {kind} server can be started here")
    seen: Seen = cell(stand, fault, stand.target(kind, fault.network), on_fail)
    return seen


def judge(seen: Seen) -> None:
    """Bounds of time hold on a quiet machine: a busy one may break them, which is said and not passed over."""
    assert not seen.broken, seen
    if seen.late and seen.busy > BUSY:
        pytest.xfail(f"{seen.late} while the machine was busy for {100 * seen.busy:.0f}% of the time")
    assert not seen.late, seen
