"""A hand: one guest of a target and who works in it. A target may have several, which share its work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence

from conformance.model import Facts
from conformance.programs.cases import CaseProgram
from conformance.protocol.lines import ResultLine, Start, Trouble
from conformance.run.conduct import Conduct
from conformance.run.ledger import Ledger
from conformance.run.models import CaseModel
from conformance.run.programs import Batches
from conformance.run.selection import Selection
from conformance.run.session import Died, Session
from conformance.run.work import Task, Work
from conformance.text import plural
from runners.base import Guest, Runner, RunnerError

LOST_MODULES = 10
"""How many modules of cases may end the guests that import them before the target is given up."""


class Stopped(Exception):
    """The run was interrupted."""


def start(
    runner: Runner,
    selection: Selection,
    conduct: Conduct,
    lost: dict[str, str],
    tell: Callable[[str], None] = lambda _: None,
) -> Session:
    """A guest with all cases but those of modules that end or stop the guest when they are imported.

    Those are added to `lost`, each with how that was, and `tell` is told at once. Raises RunnerError.
    """
    while True:
        without = tuple(lost)
        try:
            return Session(runner, selection, conduct, without)
        except Died as death:
            module = death.collecting
            if module is None or module in without:
                raise RunnerError(f"the suite did not start in the guest: {death.message}") from death
            lost[module] = death.message
            if len(lost) > LOST_MODULES:
                said = plural(len(lost), "module")
                raise RunnerError(
                    f"{said} of cases ended the guests that imported them, the last {module}: {death.message}"
                ) from death
            tell(f"importing {module} ended its guest: {death.message}; it is left out")


class Hand:
    """Opens a guest when it needs one, and a fresh one when that has died. Only `interrupt` is for other threads."""

    def __init__(
        self,
        number: int,
        runner: Runner,
        begin: Callable[[], Session],
        ledger: Ledger,
        stopping: threading.Event,
    ) -> None:
        """`begin` starts the suite in a fresh guest. The first hand, 0, begins with cases, the others with programs."""
        self.number = number
        self._runner, self._begin, self._ledger, self._stopping = runner, begin, ledger, stopping
        self._prefers = Task.PROGRAMS if number else Task.CASES
        self._session: Session | None = None
        self._guest: Guest | None = None
        """One without the suite, for programs alone."""
        self._batches: Batches | None = None
        self._pass: Work | None = None
        """Of which cases were run last."""

    def session(self) -> Session:
        """The suite in a guest. Raises RunnerError, Stopped."""
        if self._session is None:
            self.close()
            self._go_on()
            self._session = self._begin()
            self._go_on()
        return self._session

    def carry_out(self, work: Work, facts: Facts | None) -> None:
        """Do what is left of a pass, as long as there is something. Raises RunnerError, Stopped, OSError."""
        while task := work.next(self.number, self._prefers, self._prepared):
            if task is Task.CASES:
                self._run_cases(work)
            else:
                self._run_programs(work, facts)

    @property
    def _prepared(self) -> Collection[Task]:
        if self._session is not None:
            return tuple(Task)
        return (Task.PROGRAMS,) if self._guest is not None else ()

    def _run_cases(self, work: Work) -> None:
        """Run some cases, in a fresh guest after each death."""
        left = work.cases()
        try:
            while left:
                session = self.session()
                known = {info.id for info in session.cases}
                left = [case for case in left if case in known]
                fresh, self._pass = work is not self._pass, work
                try:
                    self._run_in(session, left, fresh=fresh)
                    return
                except Died as death:
                    self.close()
                    self._go_on()
                    case = death.case if death.case in left else None
                    if case:
                        left.remove(case)
                    self._ledger.death(death, case, first=work.first)
        except RunnerError:
            work.give_back(cases=left)
            raise

    def _run_in(self, session: Session, left: list[str], *, fresh: bool) -> None:
        """Run cases, and take those that are done off the list. Raises Died, Stopped."""
        for line in session.run(list(left), fresh=fresh):
            self._go_on()
            if isinstance(line, ResultLine):
                left.remove(line.result.case)
                self._ledger.result(line.result)
            elif isinstance(line, Trouble):
                self._ledger.write(line)
            elif isinstance(line, Start):
                self._ledger.begins(line.case)

    def _run_programs(self, work: Work, facts: Facts | None) -> None:
        """Run programs until none is left."""
        taken: dict[str, CaseProgram | CaseModel] = {}

        def take() -> Sequence[CaseProgram | CaseModel]:
            batch = work.batch()
            taken.update((each.info.id, each) for each in batch)
            return batch

        try:
            guest = self._any_guest()
            with Batches(self._ledger.progress.target, self._runner, guest, facts) as self._batches:
                self._go_on()
                for result in self._batches.run(take, first=work.first, running=self._ledger.begins):
                    self._go_on()
                    del taken[result.case]
                    self._ledger.program_result(result)
                self._ledger.unexplained(self._batches.unexplained)
        except RunnerError:
            self._go_on()
            work.give_back(programs=taken.values())
            raise
        finally:
            self._batches = None
        if guest.death() is not None:
            self.close()

    def _any_guest(self) -> Guest:
        """A guest, with the suite in it or not. Raises RunnerError, Stopped."""
        if self._session is not None:
            return self._session.guest
        if self._guest is None:
            if lacking := self._runner.missing():
                raise RunnerError(lacking)
            self._guest = self._runner.open()
            self._go_on()
        return self._guest

    def _go_on(self) -> None:
        """Raises Stopped once the run has been interrupted."""
        if self._stopping.is_set():
            raise Stopped

    def interrupt(self) -> None:
        """From another thread, once the run is interrupted: end soon whatever is being done."""
        if session := self._session:
            session.interrupt()
        if batches := self._batches:
            batches.interrupt()

    def close(self) -> None:
        """Close the guest, if there is one."""
        opened = [each for each in (self._session, self._guest) if each is not None]
        self._session = self._guest = None
        for each in opened:
            each.__exit__(None, None, None)
