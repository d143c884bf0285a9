"""Any LeaseStore beside a dict of rows that does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kea_mp.leases.memfile import MemfileStore
from kea_mp.leases.model import DECLINED, DEFAULT, RECLAIMED, RELEASED, same_version, usable_by_anyone
from kea_mp.leases.store import Changed, ClaimLease, RemoveLease, Stored
from kea_mp.values import INFINITY
from tests.contracts.kinds import NOW, Kind, Opener

NUMBERS = st.integers(0, 3)
CLIENTS = st.integers(0, 3)
STATES = st.sampled_from([DEFAULT, DEFAULT, DEFAULT, DECLINED, RELEASED])
LIFETIMES = st.sampled_from([0, 1, 59, 60, 3600, INFINITY])


def machine_for(kind: Kind, empty: Callable[[], Opener]) -> type[RuleBasedStateMachine]:
    """A store beside a plain dict that does the same."""

    class Beside(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.open = empty()
            self.store = self.open()
            self.now = NOW
            self.rows: dict[Any, Any] = {}

        def find(self, client: int, **changes: Any) -> Any:
            (found,) = self.store.execute([kind.request(client, **changes)])
            return found

        @rule(seconds=st.sampled_from([1, 30, 60, 61, 5000]))
        def pass_time(self, seconds: int) -> None:
            self.now += seconds

        @rule(data=st.data(), size=st.integers(1, 4))
        def change(self, data: st.DataObject, size: int) -> None:
            requests: list[Any] = []
            expected: list[Any] = []
            for _ in range(size):
                number = data.draw(NUMBERS)
                address = kind.place(number)
                seen = data.draw(st.sampled_from([self.rows.get(address), None]))
                current = self.rows.get(address)
                if seen is not None and data.draw(st.booleans()):
                    requests.append(RemoveLease(seen))
                    new = None
                else:
                    new = kind.lease(
                        number, data.draw(CLIENTS), valid_lft=data.draw(LIFETIMES), cltt=self.now,
                        state=data.draw(STATES), **{name: data.draw(values) for name, values in kind.varied.items()},
                    )  # fmt: skip
                    requests.append(ClaimLease(new, seen))
                if not same_version(current, seen):
                    expected.append(Changed(current))
                elif new is None:
                    assert current is not None
                    expected.append(Stored(current))
                    del self.rows[address]
                else:
                    expected.append(Stored(new))
                    self.rows[address] = new
            assert self.store.execute(requests) == expected

        @rule(client=CLIENTS, data=st.data(), at=st.sampled_from([None, 0, 3]))
        def look(self, client: int, data: st.DataObject, at: int | None) -> None:
            varied = {name: data.draw(values) for name, values in kind.varied.items()}
            found = self.find(client, at=at, now=self.now, **varied)
            mine = {row for row in self.rows.values() if kind.is_of(row, client, **varied)}
            assert set(found.mine) == mine
            assert len(found.mine) == len(mine)
            assert found.at == (None if at is None else self.rows.get(kind.place(at)))

        @rule(client=st.integers(4, 9))
        def ask(self, client: int) -> None:
            found = self.find(client, pools=((0, 3),), now=self.now)
            free = {
                address
                for address in map(kind.place, range(4))
                if address not in self.rows or usable_by_anyone(self.rows[address], self.now)
            }
            assert (found.free in free) if free else not found.free
            assert found.free_row == self.rows.get(found.free)

        @rule(remove=st.booleans(), limit=st.integers(0, 2))
        def reclaim(self, remove: bool, limit: int) -> None:
            ended = sorted(
                (row for row in self.rows.values() if row.state != RECLAIMED and row.expire <= self.now),
                key=lambda row: row.expire,
            )
            count = self.store.reclaim(self.now, limit, remove)
            assert count == (min(limit, len(ended)) if limit else len(ended))
            for number in range(4):
                address = kind.place(number)
                if address not in self.rows:
                    continue
                at = self.find(1, at=number).at
                if at != self.rows[address]:
                    assert self.rows[address] in ended
                    assert at is None or at.state == RECLAIMED
                    if at is None:
                        del self.rows[address]
                    else:
                        self.rows[address] = at

        @rule(held=st.integers(0, 100))
        def flush(self, held: int) -> None:
            old = [
                row.address for row in self.rows.values() if row.state == RECLAIMED and row.expire <= self.now - held
            ]
            assert self.store.remove_reclaimed(self.now - held) == len(old)
            for address in old:
                del self.rows[address]

        @rule()
        def open_again(self) -> None:
            self.store.close()
            self.store = self.open()
            # A row without a lifetime is a removal in Kea's file: what was released does not outlive the process.
            if isinstance(self.store, MemfileStore):
                self.rows = {address: row for address, row in self.rows.items() if row.valid_lft}

        @invariant()
        def counts_agree(self) -> None:
            if not hasattr(self, "store"):
                return
            assigned = [row for row in self.rows.values() if row.state in (DEFAULT, DECLINED)]
            told = self.store.statistics()
            assert told[f"subnet[1].{kind.assigned}"] == len(assigned)
            if kind.declined:
                assert told[kind.declined] == sum(row.state == DECLINED for row in assigned)

        def teardown(self) -> None:
            if hasattr(self, "store"):
                self.store.close()

    return Beside


def test_a_store_behaves_like_a_dict_of_rows(kind: Kind, empty: Callable[[], Opener]) -> None:
    run_state_machine_as_test(
        machine_for(kind, empty), settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )
