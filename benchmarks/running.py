"""Processes that are measured by turns: asked over a pipe, and stopped between their turns; both ends of it."""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TextIO


@dataclass
class Running:
    """A process, what it has said about itself, and where its complaints go."""

    name: str
    process: "subprocess.Popen[str]"
    log: Path
    record: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, name: str, command: Sequence[str], log: Path, **options: Any) -> "Running":
        """Start it; it inherits the cores and, unless `options` has another, the environment."""
        with log.open("w") as stderr:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                **options,
            )
        return cls(name, process, log)

    def read(self) -> dict[str, Any] | None:
        """The next answer, or None when the process has ended; then the record says why."""
        line = _pipe(self.process.stdout).readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.process.wait()
        last = self.log.read_text(errors="replace").strip().splitlines()
        why = last[-1] if last else f"exit status {self.process.returncode}"
        self.record.setdefault("failed", why)
        return None

    def ask(self, line: str) -> dict[str, Any] | None:
        """The answer to a line; None when the process has ended, now or before."""
        if "failed" in self.record:
            return None
        if hasattr(signal, "SIGCONT"):
            self.process.send_signal(signal.SIGCONT)
        try:
            _pipe(self.process.stdin).write(line + "\n")
            _pipe(self.process.stdin).flush()
        except BrokenPipeError:
            pass  # it has ended: read() says why
        answer = self.read()
        if answer is not None:
            self.halt()
        return answer

    def halt(self) -> None:
        """Stop until the next turn: waiting threads of some libraries spin for a while."""
        if hasattr(signal, "SIGSTOP"):
            self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        _pipe(self.process.stdin).close()
        _pipe(self.process.stdout).close()


def _pipe(stream: IO[str] | None) -> IO[str]:
    """A pipe that was asked for is there."""
    if stream is None:
        raise RuntimeError("the process has no pipe")
    return stream


def private_stdout() -> TextIO:
    """In the process: a stream to the parent; what libraries print goes to stderr from here on."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def answer(stream: TextIO, record: dict[str, Any]) -> None:
    """In the process: one answer."""
    stream.write(json.dumps(record) + "\n")
    stream.flush()
