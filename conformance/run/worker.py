"""One target's part of a run: passes over its cases, which its hands share, and then over what is to be run again."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from conformance.model import CaseInfo, Facts, Record, Target
from conformance.protocol.lines import End, Header, Trouble
from conformance.run.conduct import Conduct
from conformance.run.errors import UserError
from conformance.run.hands import Hand, Stopped, start
from conformance.run.ledger import GivenUp, Ledger, Stage
from conformance.run.pace import weights
from conformance.run.programs import NO_PROGRAMS, CasePrograms
from conformance.run.selection import Selection
from conformance.run.session import Session
from conformance.run.taking import Taking
from conformance.run.work import Work
from conformance.text import plural
from runners.base import Runner, RunnerError, sentence


def troubles_of(lost: Mapping[str, str], selection: Selection) -> list[Trouble]:
    """What a record says of modules that `start` had to leave out."""
    return [
        Trouble(
            f"{module} cannot be collected: importing it ends the guest: {how}",
            lost=module if selection.concerns(module) else "",
        )
        for module, how in lost.items()
    ]


class Worker(threading.Thread):
    """Runs everything on one target, then waits for what is to be run again. It is the first of its hands itself."""

    def __init__(
        self,
        target: Target,
        runner: Runner,
        path: Path,
        run: str,
        selection: Selection,
        conduct: Conduct,
        earlier: Record | None = None,
        programs: Callable[[], CasePrograms] = lambda: NO_PROGRAMS,
        jobs: int = 1,
        seconds: Callable[[], Mapping[str, float]] = dict,
        taking: Taking | None = None,
    ) -> None:
        """`programs`: waits until they have been read, which is done while guests start. `jobs`: how many guests it may
        have at once. `seconds`: finds out how long cases have taken earlier. `taking`: what it may take over of an
        earlier run."""
        super().__init__(name=target.name, daemon=True)
        self.first_pass = threading.Event()
        """Set when all cases were run once, or cannot be."""
        self.error: BaseException | None = None
        """What ended the worker that is nobody's verdict: a full disk, a fault of ours."""
        self._ledger = Ledger(target.name, path, earlier)
        self.progress = self._ledger.progress
        self._of, self._runner, self._run, self._resumed = target, runner, run, earlier is not None
        self._selection, self._conduct, self._read_programs = selection, conduct, programs
        self._programs = NO_PROGRAMS
        self._earlier_seconds, self._taking = seconds, taking
        self._seconds: Mapping[str, float] = {}
        self._requests: queue.Queue[list[str] | None] = queue.Queue()
        self._stopping = threading.Event()
        self._lost: dict[str, str] = {}
        """Modules of cases that end or stop the guest when they are imported, and how that was."""
        self._cases: Sequence[CaseInfo] = ()
        self._facts: Facts | None = None
        self._work: Work | None = None
        self._hands = [Hand(number, runner, self._begin, self._ledger, self._stopping) for number in range(jobs)]
        self._able = list(self._hands)
        """Those that can have a guest."""
        self._own = self._hands[0]
        self._helpers = [_Helper(hand, self._carry_out) for hand in self._hands[1:]]

    # -- for the main thread

    def again(self, cases: list[str] | None) -> None:
        """Run cases once more after the first pass; None: there is nothing more to do."""
        self._requests.put(cases)

    def stop(self) -> None:
        """End as soon as may be."""
        self._stopping.set()
        self._requests.put(None)
        if work := self._work:
            work.end()
        for hand in self._hands:
            hand.interrupt()

    # -- the thread

    def run(self) -> None:
        """See `threading.Thread`."""
        try:
            with self._ledger:
                if not self._resumed:
                    self._ledger.write(Header(self._of, self._run))
                try:
                    self._run_all()
                finally:
                    for helper in self._helpers:
                        helper.end()
        except Stopped:
            pass
        except BaseException as error:  # the main thread raises it again, after the others have been stopped
            self.error = error
            self.progress.stage = Stage.FAILED
        finally:
            self._own.close()
            self.first_pass.set()

    def _run_all(self) -> None:
        try:
            self.progress.stage = Stage.STARTING
            self._seconds = self._earlier_seconds()
            self._own.session()
            self.progress.stage = Stage.RUNNING
            cases = [*self._cases, *self._programs.infos]
            self.progress.total = len(cases) * self._conduct.repeat
            self._take_over(cases)
            for times in range(1, self._conduct.repeat + 1):
                wanted = [info.id for info in cases if self._ledger.attempts(info.id) < times]
                self._pass(wanted, self._conduct.repeat - times + 1)
            self.first_pass.set()
            self.progress.stage = Stage.IDLE
            while (again := self._requests.get()) is not None:
                self.progress.stage = Stage.CONFIRMING
                self.progress.total += len(again)
                self._pass(again)
                self.progress.stage = Stage.IDLE
            if self._stopping.is_set():
                return
            self._ledger.write(End())
            self.progress.stage = Stage.DONE
        except (RunnerError, OSError) as error:  # this target's, whatever the others do
            self.progress.stage = Stage.FAILED
            self.progress.message = _said(error)
            self._ledger.write(Trouble(_said(error), fatal=not self.progress.done))

    def _take_over(self, cases: Sequence[CaseInfo]) -> None:
        """What an earlier run has said that holds, of cases that have not been run yet. Raises GivenUp."""
        left = [info for info in cases if not self._ledger.attempts(info.id)]
        if self._taking is None or not left:
            return
        results, said = self._taking.over(self._facts, left)
        for each in results:
            self._ledger.result(each)
        self._ledger.tell(said)

    def _begin(self) -> Session:
        """The suite in a fresh guest, of which the record says what it has. Raises RunnerError, Stopped."""
        session = start(self._runner, self._selection, self._conduct, self._lost, self._left_out)
        self._programs = self._read_programs()
        self._cases, self._facts = session.cases, session.facts
        troubles = [*session.troubles, *self._programs.troubles, *troubles_of(self._lost, self._selection)]
        self._ledger.plan(session.facts, [*session.cases, *self._programs.infos], troubles)
        return session

    def _left_out(self, said: str) -> None:
        self._ledger.tell(said)
        if self._stopping.is_set():
            raise Stopped

    def _pass(self, wanted: Collection[str], passes: int = 1) -> None:
        """Run each of these once. `passes`: how often all of it is done with those that come after it.

        Raises RunnerError when no guest is left, Stopped, and what ended a hand.
        """
        programs = [found for case in wanted if (found := self._programs.get(case))]
        known = {each.info.id for each in programs}
        others = [case for case in wanted if case not in known]
        weighed = weights(others, programs, self._seconds)
        work = self._work = Work(
            others,
            programs,
            [hand.number for hand in self._able],
            first=not self.first_pass.is_set(),
            weights=weighed,
        )
        self._ledger.pass_begins(weighed, passes)
        if self._stopping.is_set():
            raise Stopped
        able = list(self._able)
        for helper in self._helpers:
            if helper.hand in able:
                helper.give(work)
        if self._own in able:
            self._carry_out(self._own, work)
        work.wait()
        if work.failure:
            raise work.failure
        if self._stopping.is_set():
            raise Stopped
        self._ledger.tell_unexplained()

    def _carry_out(self, hand: Hand, work: Work) -> None:
        """Let a hand, in its thread, do its part. What one cannot do for want of a guest is left to the others."""
        try:
            hand.carry_out(work, self._facts)
            return
        except Stopped:
            work.leave(hand.number)
            work.end()
            return
        except (RunnerError, OSError) as error:
            others = work.leave(hand.number)
            if others and not isinstance(error, GivenUp):
                self._able.remove(hand)
                hand.close()
                said = plural(others, "guest")
                self._ledger.tell(f"it goes on with {said}, since another cannot be had: {_said(error)}")
                return
            failure: BaseException = error
        except BaseException as error:
            work.leave(hand.number)
            failure = error
        work.end(failure)
        self._stopping.set()
        for each in self._hands:
            each.interrupt()


class _Helper(threading.Thread):
    """A hand beside the first: its guest's processes live as long as the thread that began them."""

    def __init__(self, hand: Hand, carry_out: Callable[[Hand, Work], None]) -> None:
        super().__init__(name=f"hand-{hand.number}", daemon=True)
        self.hand = hand
        self._works: queue.Queue[Work | None] = queue.Queue()
        self._carry_out = carry_out

    def run(self) -> None:
        """See `threading.Thread`."""
        try:
            while (work := self._works.get()) is not None:
                self._carry_out(self.hand, work)
        finally:
            self.hand.close()

    def give(self, work: Work) -> None:
        """Let it do its part of a pass."""
        if self.ident is None:
            self.start()
        self._works.put(work)

    def end(self) -> None:
        """There is no more work. Waits until it has closed its guest."""
        self._works.put(None)
        if self.ident is not None:
            self.join()


def _said(error: RunnerError | OSError) -> str:
    return str(error) if isinstance(error, RunnerError) else sentence(error)


def raise_first_error(workers: Sequence[Worker]) -> None:
    """What ended a worker and is no verdict. Raises UserError."""
    for worker in workers:
        if isinstance(worker.error, UserError):
            raise worker.error
        if worker.error is not None:
            raise UserError(f"the worker of {worker.name} failed: {worker.error!r}") from worker.error
