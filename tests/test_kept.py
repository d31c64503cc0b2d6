"""What is made once and kept: by use and by memory."""

import threading

import pytest

from fastbp._kept import Kept


def test_the_least_recently_used_go_first():
    kept = Kept(100)
    for name in "abcd":
        kept.put(name, name.upper(), 25)
    assert kept.get("a") == "A"  # used: b is the oldest now
    kept.put("e", "E", 25)
    assert [kept.get(name) for name in "abcde"] == ["A", None, "C", "D", "E"]


def test_a_large_one_pushes_several_out_and_stays():
    kept = Kept(100)
    for name in "abc":
        kept.put(name, name, 30)
    kept.put("d", "d", 80)
    assert [kept.get(name) for name in "abcd"] == [None, None, None, "d"]
    kept.put("e", "e", 1000)
    assert len(kept) == 1 and kept.get("e") == "e"


def test_a_key_is_there_once():
    kept = Kept(100)
    for size in (10, 90, 50):
        kept.put("a", size, size)
    kept.put("b", 0, 50)
    assert (kept.get("a"), kept.get("b"), len(kept)) == (50, 0, 2)
    kept.clear()
    assert kept.get("a") is None and len(kept) == 0


def test_several_threads():
    kept, wrong = Kept(1000), []

    def use(offset):
        for i in range(3000):
            key = (i * offset) % 97
            found = kept.get(key)
            if found is None:
                kept.put(key, key, 20)
            elif found != key:
                wrong.append((key, found))

    threads = [threading.Thread(target=use, args=(n,)) for n in (1, 2, 3, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and len(kept) <= 50


@pytest.mark.parametrize("value", [0, "", (), False])
def test_values_that_are_false(value):
    kept = Kept(10)
    kept.put("a", value, 1)
    assert kept.get("a") == value and kept.get("b") is None
