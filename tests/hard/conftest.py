"""How long the breaking goes on."""

import random
import time
from collections.abc import Callable, Iterator

import pytest
from seeded import Numbers

SEARCHES = 6  # tests that draw their rounds: an hour is divided by them


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> Callable[[int], Iterator[random.Random]]:
    """A generator of random numbers for each round: so many of fixed seeds, then new ones for `--minutes`.

    A failure's message has its seed; `--seed 123` runs that round alone.
    """

    def numbers(count: int) -> Iterator[random.Random]:
        seed = request.config.getoption("seed")
        end = time.monotonic() + 60 * request.config.getoption("minutes") / SEARCHES
        for each in range(count) if seed is None else [seed]:
            yield Numbers(each)
        while seed is None and time.monotonic() < end:
            yield Numbers(random.randrange(1 << 32))

    return numbers
