"""A program: a script as often as it begins. The present execution, its checkpoints, and what outlives them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Any

from bptui.engine.interpreter.environment import ScriptEnvironment
from bptui.engine.interpreter.output import Output
from bptui.engine.interpreter.process_state import ProcessState
from bptui.engine.interpreter.random_state import RandomState
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.step_result import StepResult
from bptui.engine.repl.prompt import Prompt
from bptui.engine.run.checkpoints import Checkpoints
from bptui.engine.run.execution import Execution
from bptui.engine.run.forks import Forks
from bptui.engine.run.history import History
from bptui.engine.run.plain_variables import PlainVariables
from bptui.engine.tape.call_sites import Sites
from bptui.engine.tensors.custom_functions import let_apply_be_seen
from bptui.engine.tensors.packed import watch_for_hooks
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Failure

TellLocation = Callable[[Phase | None, int], None]


class Program:
    """What there is whichever execution of the script is the present one."""

    execution: Execution
    """The present one; there is none before `begin`."""
    checkpoints: Checkpoints
    """Its checkpoints."""

    def __init__(
        self, script: Script, path: str, argv: Sequence[str], output: Output, memory: int, forks: Forks | None
    ) -> None:
        """`memory`: how many bytes checkpoints may take. `forks`: where the process may be copied."""
        self.forks = forks
        self.script, self.output = script, output
        self.beacon: TellLocation = lambda phase, line: None
        """Told what is about to run, before it runs."""
        self.history, self.plain_variables = History(), PlainVariables()
        self.prompt = Prompt(output)
        self.zeroing = True
        """Whether `next` runs zero_grad."""
        self.asked: tuple[Breakpoint, ...] = ()
        """The breakpoints; they stay when the script begins again."""
        self.started = False
        self._memory = memory
        let_apply_be_seen()
        watch_for_hooks()
        self._environment = ScriptEnvironment(path, argv)
        self._sites = Sites(path, script.source, script.tree)
        self._random: RandomState | None = None
        self._process: ProcessState | None = None
        """The process as it was before the script's first line, and its random state."""

    def begin_anew(self) -> Failure | None:
        """The script begins, and the timeline with it. Returns what it raised before its first phase."""
        if self._random is None:
            self._random, self._process = RandomState(), ProcessState()
        self.history, self.plain_variables = History(), PlainVariables()
        self.prompt.forget()
        if self.forks is not None:
            self.forks.end_all()
        return self._begin()

    def _begin(self) -> Failure | None:
        """An execution from the script's first line on."""
        self.execution = Execution(
            self.script, self._environment, self.output, self._sites, self.history, self.plain_variables, self.prompt
        )
        self.execution.machine.started = self.beacon
        self.checkpoints = Checkpoints(self.execution, self._memory, self.forks)
        self.set_zeroing(self.zeroing)
        self.started = True
        failure = self.execution.enter()
        self.execution.breakpoints.set(self.asked)
        return failure

    def give_up(self) -> None:
        """Give up the present execution: settings of the process and random generators are as before the first one."""
        if self.started:
            with self.execution.running():
                self.execution.machine.close()
        if self._random is not None and self._process is not None:
            self._process.restore()
            self._random.restore()
        self._environment.forget()
        self.output.forget()

    def start_over(self) -> None:
        """Run the script anew up to its entry, where no checkpoint leads back. The timeline stays."""
        counts = self.execution.breakpoints.counts()
        self.give_up()
        self.zeroing = True
        del self.execution, self.checkpoints
        gc.collect()  # what it held may be large
        self._begin()
        self.history.move_to(0, 0)
        self.execution.breakpoints.restore(counts)
        entry = StepResult(None, StopReason.ENTRY, self.execution.stepper.place)
        self.execution.snapshots.last = self.execution.look(0, 0, entry)
        self.checkpoints.keep(True)

    def known(self) -> dict[str, Any]:
        """What a copy of the process that slept does not know, but for the timeline; see `learn`."""
        return {
            "plain variables": self.plain_variables,
            "breakpoints": (self.asked, self.execution.breakpoints.counts()),
            "watches": self.prompt.watches.texts,
            "tape": self.execution.tapes.number,
        }

    def learn(self, history: History, known: dict[str, Any]) -> None:
        """In a copy of the process that slept: what came to be known since. The program is where it slept."""
        branch, index = self.history.branch, self.history.index
        self.history = self.execution.history = history
        history.move_to(branch, index)
        self.plain_variables = self.execution.plain_variables = known["plain variables"]
        self.asked, counts = known["breakpoints"]
        self.execution.breakpoints.set(self.asked)
        self.execution.breakpoints.restore(counts)
        self.prompt.watches.set(known["watches"])
        self.execution.tapes.forget()
        self.execution.tapes.number = max(self.execution.tapes.number, known["tape"]) + 1

    def set_zeroing(self, on: bool) -> None:
        """Whether `next` runs zero_grad or passes over it."""
        self.zeroing = self.execution.stepper.zeroing = on

    def restore_zeroing(self) -> None:
        """Zeroing is as it was when the program went on from here."""
        history = self.history
        at = history.index + 1 if history.ahead else history.index
        self.set_zeroing(history.taken(history.branch, at).zeroing)
