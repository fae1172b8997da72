"""The one place where every backward begins: autograd's engine, wrapped while something has to see it run."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import torch


class EngineWrapper:
    """While entered, `run` is called in the place of autograd's engine.

    `backward()` and `autograd.grad` both call `torch.autograd._engine_run_backward`, so all are seen, however they are
    called, also a backward inside a backward (checkpointing).
    """

    def __init__(self) -> None:
        self.engine: Any = None
        """The engine itself, for `run` to call."""

    def __enter__(self) -> EngineWrapper:
        self.engine = torch.autograd._engine_run_backward  # type: ignore[attr-defined]
        torch.autograd._engine_run_backward = self.run  # type: ignore[attr-defined, assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        torch.autograd._engine_run_backward = self.engine  # type: ignore[attr-defined]
        self.engine = None

    def run(self, outputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a backward from these outputs, with the engine's own arguments."""
        raise NotImplementedError
