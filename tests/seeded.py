"""Random numbers that say how to draw them again."""

import random


class Numbers(random.Random):
    """A generator that shows its seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.started = seed

    def __repr__(self) -> str:
        return f"--seed {self.started}"
