"""Damaged files, saves that are killed, calls that are interrupted: refused, whole, and gone on from."""

import contextlib
import copy
import functools
import io
import json
import mmap
import os
import pickle
import re
import signal
import sys
import time
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

import fastbp as bp
from fastbp.engine import random as engine_random

pytestmark = pytest.mark.thread_unsafe(reason="forks, signals, and a count of memory")
posix = pytest.mark.skipif(os.name != "posix", reason="signals and forks of POSIX")
X = np.random.default_rng(0).normal(size=(24, 3))
Y = (X[:, 0] > 0).astype(float)


@contextlib.contextmanager
def told(numbers, *what):
    """Add the seed, and what was done, to whatever goes wrong."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"{numbers!r}: {', '.join(map(str, what))}")
        raise


def line(params, x, y):
    return ((x @ params["w"] + params["b"] - y) ** 2).mean()


def network(params, x, y):
    (w, b), v = params
    return ((np.tanh(x @ w + b) @ v - y) ** 2).mean()


STARTS = {
    line: {"w": np.ones(3), "b": 0.5},
    network: [[np.ones((3, 4), "f4") * 0.3, np.zeros(4, "f4")], np.ones(4, "f4")],
}
OPTIMIZERS = bp.SGD(0.1), bp.SGD(0.1, 0.9), bp.SGD(0.1, 0.5, nesterov=True), bp.Adam(0.01)
NETWORKS = [
    ("bce", "float32", [(4, "relu"), (1, "sigmoid")]),
    ("cross_entropy", "float64", [(3, "tanh"), (2, "softmax")]),
    ("mse", "float32", [(1, None)]),
    ("bce_with_logits", "float64", [(5, "sigmoid"), (2, "relu"), (1, None)]),
]


def sequential(dtype, layers):
    return bp.Sequential([bp.Dense(*layer) for layer in layers], dtype=dtype, seed=7)


# ---------------------------------------------------------------- damaged files


class Good:
    """A file, what it was made from, and how it is read."""

    def __init__(self, made, path, load):
        made.save(path)
        self.data, self.load = path.read_bytes(), load
        self.wanted = self.outcome(made)

    @staticmethod
    def outcome(made):
        """What it computes: bits, and who it says it is."""
        if isinstance(made, bp.Sequential):
            return repr(made), made.predict(X).tobytes()
        if isinstance(made.loss, str):
            return repr(made), made.model.predict(X).tobytes()
        return repr(made), made.evaluate((X, Y))["loss"]


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path, found = tmp_path_factory.mktemp("good") / "g.npz", []
    for loss, dtype, layers in NETWORKS:
        found.append(Good(sequential(dtype, layers), path, bp.load))  # not built
        model = sequential(dtype, layers)
        model.fit(X, Y, loss=loss, epochs=2)
        found.append(Good(model, path, bp.load))
        for optimizer in OPTIMIZERS:
            metrics = ["accuracy"] if loss != "mse" else []
            trainer = bp.Trainer(
                sequential(dtype, layers), loss=loss, optimizer=optimizer, metrics=metrics
            )
            trainer.fit(X, Y, epochs=2, batch_size=9)
            found.append(Good(trainer, path, bp.Trainer.load))
    for loss, params in STARTS.items():
        for optimizer in OPTIMIZERS:
            trainer = bp.Trainer(loss, params=params, optimizer=optimizer, seed=3)
            trainer.fit((X, Y), epochs=2, batch_size=9)
            load = functools.partial(bp.Trainer.load, loss=loss, params=params)
            found.append(Good(trainer, path, load))
    return found


def bytes_changed(data, numbers):
    """Damage as disks and networks do it."""
    data, size = bytearray(data), len(data)
    a, b = sorted(numbers.randrange(size + 1) for _ in "ab")
    b = numbers.choice([b, min(a + numbers.randrange(1, 40), size)])
    part, noise = data[a:b], numbers.randbytes(b - a)
    way = numbers.randrange(9)
    if way == 0:
        return data[:a]
    if way == 1:
        for _ in range(numbers.randrange(1, 4)):
            data[numbers.randrange(size)] ^= 1 << numbers.randrange(8)
    elif way == 2:
        c = numbers.randrange(size - len(part) + 1)
        data[a:b], data[c : c + len(part)] = data[c : c + len(part)], part
    else:
        made = {3: noise, 4: bytes(b - a), 5: b"", 6: part + noise, 7: part + part}.get(way)
        data[a:b] = part if made is None else made
        data += noise if made is None else b""
    return data


def archive(entries, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", compression) as made:
        warnings.simplefilter("ignore", UserWarning)  # of a name that is there twice
        for name, data in entries:
            made.writestr(name, data)
    return file.getvalue()


def entries_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        return [(name, found.read(name)) for name in found.namelist()]


def entries_changed(data, numbers):
    """Entries that are gone, that are called otherwise, or that are there twice."""
    entries = entries_of(data)
    i = numbers.randrange(len(entries))
    name, content = entries[i]
    way = numbers.randrange(5)
    if way == 0:
        del entries[i]
    elif way == 1:
        entries[i] = numbers.choice(["x" + name, name[1:], name.upper(), name + "/", "a"]), content
    elif way == 2:
        entries.insert(numbers.randrange(len(entries)), entries[i])
    elif way == 3:
        entries.append((numbers.choice(["a.npy", "parameters/a.npy", "state/9/a.npy"]), content))
    else:
        return archive(entries, numbers.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]))
    return archive(entries)


def array_file(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def array_changed(data, numbers):
    """An array of another dtype, shape or order, one that holds no finite numbers, pickles or less than it says."""
    entries = entries_of(data)
    i = numbers.randrange(len(entries))
    name, content = entries[i]
    array = np.lib.format.read_array(io.BytesIO(content))
    way = numbers.randrange(7 if array.dtype.kind == "f" else 6)
    if way == 0:
        kinds = "f2 >f4 >f8 i4 u8 c16 U5 S3 ? M8[s] V4 i1,f4 (2,)f8"
        made = np.zeros(array.shape, numbers.choice(kinds.split()))
    elif way == 1:
        others = array[None], array[..., None], array.ravel()[1:], np.array([array] * 2)
        made = numbers.choice(others)
    elif way == 2:
        made = np.full(array.shape, numbers.choice([None, {}, print, "x"]), object)
    elif way == 6:
        made, place = array.copy(), numbers.randrange(min(array.size, 7))
        below = name.startswith(("state/1", "hyper"))  # squares, counts, rates
        made.flat[place] = numbers.choice([np.nan, np.inf, -np.inf, -1 if below else np.nan])
    else:  # its header is written by hand
        start = content.index(b"\n") + 1
        shapes = (10**8,), (3, 10**17), (2**40, 2**40), (0, 10**18), (-1,), (10**400,)
        what = {"descr": array.dtype.str, "fortran_order": False, "shape": numbers.choice(shapes)}
        rubbish = b"x" * 9000, b"[" * 900, b"{}", b"{'descr': '<f4'}", numbers.randbytes(60)
        text = numbers.choice([repr(what).encode(), numbers.choice(rubbish)]) + b"\n"
        header = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
        if way == 3:
            header = bytearray(content[:start])
            header[numbers.randrange(start)] ^= 1 << numbers.randrange(8)
        entries[i] = name, header + content[start:]
        return archive(entries)
    entries[i] = name, array_file(made)
    return archive(entries)


RUBBISH = [
    None, True, -1, 0, 1.5, 2**64, 10**400, float("nan"), float("inf"), "", "x", "x" * 5000, "int8", "lion", "y" * 70,
    [], {}, [[]], {"type": "x"}, [None] * 3,
]  # fmt: skip
FINE = [("activation", None), ("metrics", []), ("seed", 0), ("shuffles", 0)]  # of another file
NO_JSON = [
    b"", b"{", b"nothing", b"\xff\xfe{}", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5000, b"[]", b"null", b"{}",
    b'{"version": 1}', b'{"version": 2}', b'{"version": 1, "model": {}}',
]  # fmt: skip


def places(value):
    """All (holder, key) within a description."""
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys if isinstance(value, dict | list) else ():
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def description_changed(data, numbers):
    """A description that has what does not belong there, or lacks what does; and what is none."""
    entries = entries_of(data)
    i = [name for name, _ in entries].index("fastbp.npy")
    text = np.lib.format.read_array(io.BytesIO(entries[i][1])).tobytes()
    description, way = json.loads(text), numbers.randrange(8)
    holder, key = numbers.choice(list(places(description)))
    if isinstance(holder, list) and way in (2, 4):
        # More or fewer metrics, or layers without parameters, would be fine.
        way = way if isinstance(holder[key], dict) and "0.weight" in str(entries) else 5
    if way == 0:
        text = numbers.choice(NO_JSON)
    elif way == 1:
        a, b = sorted(numbers.randrange(len(text)) for _ in "ab")
        text = numbers.choice([text[:a], text + text[a:b], text.decode().encode("utf-16")])
    else:
        if way == 2:
            del holder[key]
        elif way == 3 and isinstance(holder, dict):
            holder[numbers.choice(["a", "type", "model", "units"])] = holder.pop(key)
        elif way == 4 and isinstance(holder, list):
            holder.append(holder[key])
        else:
            value = numbers.choice([v for v in RUBBISH if (key, v) not in FINE])
            holder[key] = [value] if numbers.random() < 0.1 else value
        text = json.dumps(description).encode()
    entries[i] = "fastbp.npy", array_file(np.frombuffer(text, np.uint8))
    return archive(entries)


@functools.cache
def foreign():
    """Files of other kinds; one that a reader must not unpack."""
    zeros = array_file(np.zeros(30_000_000, np.uint8))
    bomb = [(name, zeros) for name in ("fastbp.npy", "hyper.npy", "parameters/0.weight.npy")]
    return [
        b"", b"P", b"PK\x03\x04", b"hello, world\n" * 9, array_file(X), pickle.dumps(X), b"PK\x05\x06" + bytes(18),
        b"\x1f\x8b\x08" + bytes(30), archive([("a.txt", b"hello")]), archive([("fastbp", b"hello")]),
        archive(bomb, zipfile.ZIP_DEFLATED), archive([("a.npy", zeros)]), None,
    ]  # fmt: skip


def foreign_file(data, numbers):
    return numbers.choice(foreign())


DAMAGES = [bytes_changed, entries_changed, array_changed, description_changed]
INNER = (
    "NoneType|has no attribute|unpack|KeyError|TypeError|unhashable|iterable|subscriptable|positional|unexpected"
    "|indices must|Error\\(|recursion|MemoryError"
)


def check_refusal(error, path):
    """It names the file and says in short what is wrong with it, in words of ours."""
    message = str(error).replace(repr(str(path)), "PATH")
    assert type(error) is ValueError or path.is_dir(), repr(error)
    assert re.search("^cannot load PATH: .{9}|(directory|denied): PATH$", message), message
    assert len(message) < 600, message
    assert not re.search(INNER, message), message


def judged(good, path, again):
    """Read a file, in little memory: whether it is refused; else it is as the good one."""
    tracemalloc.start()
    try:
        made = good.load(path)
    except (ValueError, OSError) as error:
        check_refusal(error, path)
        return True
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4e6, f"{peak} bytes for a file of {len(good.data)}"
    made.save(again)
    assert again.read_bytes() == good.data, "what was read is not what was written"
    assert good.outcome(made) == good.wanted
    return False


def test_damaged_files(rounds, good, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # no crash of the system is made up here
    path, again, refused, count = tmp_path / "f.npz", tmp_path / "again.npz", 0, 0
    for one in good:
        path.write_bytes(one.data)
        assert not judged(one, path, again)
    for numbers in rounds(1500):
        one, damage = numbers.choice(good), numbers.choice([*DAMAGES * 4, foreign_file])
        data = damage(one.data, numbers)
        with told(numbers, damage.__name__):
            if data is None:
                refused += judged(one, tmp_path, again)
            else:
                path.write_bytes(data)
                refused += judged(one, path, again)
        count += 1
    assert count == 1 or refused > count // 2


# ---------------------------------------------------------------- saves that are killed


def saves(path, model, trainer, progress):
    """Save one version after the other, all of whose parameters are its number; `progress` is the parent's, too."""
    for version in range(int(progress[0]) + 1, 1 << 20):
        for made in (model, trainer.model):
            for view in made.parameters.values():
                view[...] = version
        progress[0] = version
        (trainer if version % 2 else model).save(path)
        progress[1] = version


def forked(*arguments):
    """A child that saves until it is killed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy may have threads
        child = os.fork()
    if child == 0:
        try:
            saves(*arguments)
        finally:
            os._exit(1)
    return child


def check_version(path, progress):
    """There is the last version whose save ended, or the one whose save had begun; that is what comes next, too."""
    begun, done = map(int, progress)
    if done or path.exists():
        model = bp.load(path)
        (version,) = {float(v) for view in model.parameters.values() for v in np.unique(view)}
        assert done <= version <= begun <= done + 1
        if version % 2:
            bp.Trainer.load(path).step(np.zeros((2, 16)), np.zeros((2, 1)))
        done = version
    progress[:] = done


@posix
def test_killed_saves(rounds, tmp_path):
    """Up to three children save to the same folder and are killed, three times."""
    for turn, numbers in enumerate(rounds(35)):
        folder = tmp_path / str(turn)
        folder.mkdir()
        units = int(10 ** numbers.uniform(1, 4.5))
        model = sequential("float32", [(units, "relu"), (1, None)])
        trainer = bp.Trainer(copy.deepcopy(model), loss="mse", optimizer=numbers.choice(OPTIMIZERS))
        for made in (model, trainer.model):
            made.build(16)
        known = {
            folder / f"{i}.npz": np.frombuffer(mmap.mmap(-1, 16), np.int64)
            for i in range(numbers.randint(1, 3))
        }
        for _ in range(3):
            children = [forked(path, model, trainer, known[path]) for path in known]
            time.sleep(numbers.uniform(0, 0.05))
            for child in numbers.sample(children, len(children)):
                os.kill(child, signal.SIGKILL)
            ends = {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children}
            with told(numbers, units, *map(list, known.values())):
                assert ends == {-signal.SIGKILL}
                for path, progress in known.items():
                    check_version(path, progress)
        for path in known:
            model.save(path)
        with told(numbers, units):
            assert sorted(os.listdir(folder)) == [path.name for path in known]


# ---------------------------------------------------------------- calls that are interrupted


class Ended(Exception):
    pass


class Alarm:
    """A handler that raises once, within one call, and what Python says of errors that it cannot raise."""

    def __init__(self):
        self.error, self.raised, self.lost = None, False, False

    def __call__(self, *_):
        error, self.error = self.error, None
        if error is not None:
            self.raised = True
            raise error

    def lose(self, unraisable):
        self.lost = self.lost or isinstance(unraisable.exc_value, Ended | KeyboardInterrupt)

    def during(self, call, seconds, kind):
        """What the call returns, and whether it was ended by the error of this kind that the handler raised."""
        self.error, self.raised, self.lost = kind(), False, False
        result, ended = None, False
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            result = call()
            self.error = None
        except kind:
            ended = True
        finally:
            self.error = None
            signal.setitimer(signal.ITIMER_REAL, 0)
        assert ended or not self.raised or self.lost, "the handler's error came to nothing"
        return result, ended


@pytest.fixture
def alarm(monkeypatch):
    made = Alarm()
    monkeypatch.setattr(sys, "unraisablehook", made.lose)
    before = signal.signal(signal.SIGALRM, made)
    yield made
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def bits(value):
    """Something to compare: of arrays, models, trainers and nestings of them."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {name: bits(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [bits(each) for each in value]
    if isinstance(value, bp.Sequential):
        return repr(value), value.shuffles, bits(value.values())
    if isinstance(value, bp.Trainer):
        arrays, model = value.__getstate__()["arrays"], value.model
        arrays["hyper"] = arrays["hyper"][:7]  # behind them are bounds of what the others are
        parameters = dict(model.parameters.items()) if model.built else {}
        return repr(value), value.steps, model.shuffles, bits(arrays), bits(parameters)
    return value


ROWS = np.random.default_rng(1).normal(size=(2000, 3))
LABELS = (ROWS[:, 0] > ROWS[:, 1]).astype(float)


def some_trainer(numbers):
    """A trainer of a model or of a function, maybe trained, and its data."""
    n, optimizer = numbers.choice([40, 300, 1000]), numbers.choice(OPTIMIZERS)
    if numbers.random() < 0.4:
        loss, params = numbers.choice(list(STARTS.items()))
        trainer, data = bp.Trainer(loss, params=params, optimizer=optimizer, seed=5), True
    else:
        loss, dtype, layers = numbers.choice(NETWORKS)
        layers = [(numbers.choice([8, 64]), "tanh"), *layers]
        trainer = bp.Trainer(sequential(dtype, layers), loss=loss, optimizer=optimizer)
        data = False
    data = ((ROWS[:n], LABELS[:n]),) if data else (ROWS[:n], LABELS[:n])
    if numbers.random() < 0.7:
        trainer.fit(*data, epochs=1, verbose=0)
    return trainer, data


def rows_of(data, rows):
    x, y = data if len(data) == 2 else data[0]
    return x[rows], y[rows]


def some_moment(numbers, call):
    """Make a call; return what it gives, and a moment within such a call."""
    start = time.perf_counter()
    found = call()
    return found, numbers.uniform(1e-5, 1.1 * (time.perf_counter() - start))


def replayed(replay, data, steps, options):
    """Make so many updates as `fit` does; return the whole epochs' history."""
    n, size = len(rows_of(data, slice(None))[0]), options["batch_size"]
    whole, rest = divmod(steps, -(-n // size))
    history = replay.fit(*data, **options | {"epochs": whole}) if whole else {}
    order = np.arange(n)
    if options["shuffle"]:
        engine_random.permutation(order, replay.model.seed, replay.model.shuffles)
    for start in range(0, rest * size, size):
        replay.step(*rows_of(data, order[start : start + size]))
    replay.model.shuffles += rest > 0
    return history


def fit_of_a_trainer(numbers, during, folder):
    trainer, data = some_trainer(numbers)
    n = len(rows_of(data, slice(None))[0])
    options = {
        "epochs": numbers.randint(1, 5),
        "batch_size": numbers.choice([16, 100, n]),
        "shuffle": numbers.random() < 0.8,
        "threads": numbers.randint(1, 3),
        "validation_data": numbers.choice([None, rows_of(data, slice(20))]),
        "verbose": 0,
    }
    twin, replay, before, old = *map(copy.deepcopy, [trainer] * 2), trainer.steps, trainer.history
    _, moment = some_moment(numbers, lambda: twin.fit(*data, **options))
    fit = functools.partial(trainer.fit, *data, **options)
    history, ended = during(fit, moment)
    steps, batches = trainer.steps - before, -(-n // options["batch_size"])
    assert ended or (history, bits(trainer)) == (twin.history, bits(twin))
    if trainer.model.built and not replay.model.built:
        replay.model.build(3)
    wanted = replayed(replay, data, steps, options)
    assert bits(trainer) == bits(replay)
    epochs = trainer.history.epochs
    if steps or trainer.history is not old:
        late = 0 if options["validation_data"] is None else 1  # not validated is not reported
        assert 0 <= steps // batches - epochs <= late
        assert trainer.history == {name: each[:epochs] for name, each in wanted.items() if epochs}
    options["epochs"] = 1
    assert trainer.fit(*data, **options) == replay.fit(*data, **options)
    assert bits(trainer) == bits(replay)


def fit_of_a_model(numbers, during, folder):
    loss, dtype, layers = numbers.choice(NETWORKS)
    model = sequential(dtype, [(32, "relu"), *layers])
    model.build(3)
    data, options = (ROWS[:640], LABELS[:640]), {"batch_size": 32, "shuffle": True, "verbose": 0}
    copies = [copy.deepcopy(model) for _ in "ab"]
    both = {"loss": loss, "optimizer": numbers.choice(OPTIMIZERS)}
    more = options | both | {"epochs": numbers.randint(1, 9)}
    _, moment = some_moment(numbers, lambda: copies[0].fit(*data, **more))
    _, ended = during(lambda: model.fit(*data, **more), moment)
    assert ended or bits(model) == bits(copies[0])
    for steps in range(max(0, 20 * model.shuffles - 19), 20 * model.shuffles + 1):
        replay = bp.Trainer(copy.deepcopy(copies[1]), **both)
        replayed(replay, data, steps, options)
        if bits(replay.model) == bits(model):
            break
    else:
        pytest.fail("these are the parameters after no whole batch")
    assert model.fit(*data, **more) == replay.model.fit(*data, **more)


def step_of_a_trainer(numbers, during, folder):
    trainer, data = some_trainer(numbers)
    batch, replay = rows_of(data, slice(numbers.choice([7, 32, 2000]))), copy.deepcopy(trainer)
    _, moment = some_moment(numbers, lambda: copy.deepcopy(trainer).step(*batch))
    before = trainer.steps
    _, ended = during(lambda: trainer.step(*batch), moment)
    assert trainer.steps - before in ((0, 1) if ended else (1,))
    for _ in range(trainer.steps - before):
        replay.step(*batch)
    assert trainer.step(*batch) == replay.step(*batch)
    assert bits(trainer) == bits(replay)


def save(numbers, during, folder):
    trainer, data = some_trainer(numbers)
    path = folder / "f.npz"
    trainer.save(path)
    old = path.read_bytes()
    trainer.fit(*data, verbose=0)
    _, moment = some_moment(numbers, lambda: trainer.save(folder / "new.npz"))
    new = (folder / "new.npz").read_bytes()
    _, ended = during(lambda: trainer.save(path), moment)
    assert path.read_bytes() in ((old, new) if ended else (new,))
    assert sorted(os.listdir(folder)) == ["f.npz", "new.npz"]
    trainer.save(path)
    assert path.read_bytes() == new
    assert sorted(os.listdir(folder)) == ["f.npz", "new.npz"]


def same_again(numbers, during, make):
    """Calls that change nothing: one that is interrupted gives what another gives, or its next one does."""
    wanted, moment = some_moment(numbers, lambda: bits(make()()))
    call = make()
    found, ended = during(call, moment)
    assert ended or bits(found) == wanted
    assert bits(call()) == wanted


def use_of_a_trainer(numbers, during, folder):
    """Evaluations, predictions, copies and pickles; of models that are not built, too."""
    trainer, data = some_trainer(numbers)
    model, threads = trainer.model, numbers.randint(1, 3)
    uses = [
        lambda t: t.evaluate(*data, threads=threads), lambda t: t.gradients(*rows_of(data, slice(70))), copy.deepcopy,
        lambda t: pickle.loads(pickle.dumps(t)), lambda t: t.gradients(*rows_of(data, slice(None))),
    ]  # fmt: skip
    if isinstance(model, bp.Sequential):
        uses += [lambda t: t.model.predict(ROWS, threads=threads), lambda t: t.model.predict(X)]
    use = numbers.choice(uses)
    same_again(numbers, during, lambda: functools.partial(use, copy.deepcopy(trainer)))


def load(numbers, during, folder):
    trainer, path = some_trainer(numbers)[0], folder / "f.npz"
    trainer.save(path)
    if not isinstance(trainer.model, bp.Sequential):
        options = {"loss": trainer.loss, "params": STARTS[trainer.loss]}
        same_again(numbers, during, lambda: lambda: bp.Trainer.load(path, **options))
    else:
        read = numbers.choice([bp.load, bp.Trainer.load])
        same_again(numbers, during, lambda: lambda: read(path))


def new_function(numbers, during, folder):
    """Functions that are compiled within the call."""
    depth, power = numbers.randint(1, 30), numbers.choice([1, 2, 3])
    start, rows = np.array([0.1, 0.2, 0.3]), ROWS[: numbers.choice([5, 2000])]
    transform = numbers.choice([bp.compile, bp.grad, bp.value_and_grad, bp.hessian])
    n_iter, counted = numbers.randint(1, 200), numbers.random() < 0.5

    def f(w, x, count=depth):
        for _ in range(count):
            w = np.tanh(w * x.mean() + w**power) * 0.9
        return ((x @ w) ** 2).mean()

    def make():
        if n_iter % 3 == 0:
            return lambda: bp.optimize(f, start, (rows,), lr=0.01, n_iter=n_iter)
        return functools.partial(transform(f), start, rows, *([depth] if counted else []))

    same_again(numbers, during, make)


CALLS = [fit_of_a_trainer, fit_of_a_model, step_of_a_trainer, save, use_of_a_trainer, load, new_function]  # fmt: skip


@posix
def test_interrupts(rounds, alarm, tmp_path):
    for turn, numbers in enumerate(rounds(300)):
        folder = tmp_path / str(turn)
        folder.mkdir()
        case, kind = numbers.choice(CALLS), numbers.choice([Ended, KeyboardInterrupt])
        with told(numbers, case.__name__, kind.__name__):
            case(numbers, functools.partial(alarm.during, kind=kind), folder)
