"""Saving and loading: nothing is lost, nothing foreign is believed."""

import json
import os
import stat
import subprocess
import sys
import threading
import zipfile

import numpy as np
import pytest

import fastbp as bp
from fastbp.training import checkpoint

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(float)


def network(dtype="float32"):
    return bp.Sequential([bp.Dense(4, "relu"), bp.Dense(1, "sigmoid")], dtype=dtype, seed=5)


@pytest.fixture
def model():
    model = network()
    model.fit(X, Y, loss="bce", epochs=2)
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loaded_model_is_the_same(tmp_path, dtype):
    model = network(dtype)
    model.fit(X, Y, loss="bce", epochs=2)
    model.save(tmp_path / "m.npz")
    again = bp.load(str(tmp_path / "m.npz"))
    assert isinstance(again, bp.Sequential)
    assert repr(again) == repr(model)
    assert np.array_equal(again.predict(X), model.predict(X))
    assert again.fit(X, Y, loss="bce", epochs=2) == model.fit(X, Y, loss="bce", epochs=2)
    assert np.array_equal(again.predict(X), model.predict(X))


def test_an_unbuilt_model(tmp_path):
    network().save(tmp_path / "m")
    again = bp.load(tmp_path / "m")
    assert not again.built
    assert np.array_equal(again.predict(X), network().predict(X))


def test_numpy_reads_the_file_without_pickle(tmp_path, model):
    model.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        assert np.array_equal(file["parameters/0.weight"], model.layers[0].weight)
        description = json.loads(file["fastbp"].tobytes())
    assert description["model"]["layers"][0] == {"type": "Dense", "units": 4, "activation": "relu"}


def test_the_name_is_used_as_it_is(tmp_path, model):
    model.save(tmp_path / "weights")
    assert os.listdir(tmp_path) == ["weights"]


@pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")
def test_mode_and_links_are_kept(tmp_path, model):
    path, link = tmp_path / "m.npz", tmp_path / "link.npz"
    mask = os.umask(0o027)
    try:
        model.save(path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    link.symlink_to(path.name)
    before = path.read_bytes()
    model.layers[1].bias = [7.0]
    model.save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert path.read_bytes() != before
    assert bp.load(path).layers[1].bias == 7


def test_a_failed_write_leaves_the_old_file(tmp_path, model, monkeypatch):
    path = tmp_path / "m.npz"
    model.save(path)
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.npz"]


def test_the_file_is_synced_before_it_is_renamed(tmp_path, model, monkeypatch):
    done = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("sync"), sync(handle)))
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("rename"), replace(a, b)))
    model.save(tmp_path / "m.npz")
    assert done == ["sync", "rename", "sync"]


def test_paths_are_checked(tmp_path, model):
    for path in (3, None, b"m.npz"):
        with pytest.raises(TypeError, match="path must be a string or a path, got "):
            model.save(path)
        with pytest.raises(TypeError, match="path must be a string or a path, got "):
            bp.load(path)
    with pytest.raises(ValueError, match="path must name a regular file"):
        model.save(tmp_path)
    with pytest.raises(FileNotFoundError):
        model.save(tmp_path / "no" / "m.npz")
    with pytest.raises(FileNotFoundError):
        bp.load(tmp_path / "no.npz")
    assert os.listdir(tmp_path) == []


# ---------------------------------------------------------------- what is not believed


def refused(path, message):
    with pytest.raises(ValueError, match=message) as caught:
        bp.load(path)
    assert f"cannot load {str(path)!r}: " in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"hello, world", b"\x93NUMPY\x01\x00", b"PK\x03\x04"]
)
def test_foreign_files(tmp_path, content):
    path = tmp_path / "m.npz"
    path.write_bytes(content)
    refused(path, "it is no .npz archive|it is damaged")


def test_archives_of_others(tmp_path):
    np.savez(tmp_path / "m.npz", a=np.zeros(3))
    refused(tmp_path / "m.npz", "it was not written by fastbp")
    with zipfile.ZipFile(tmp_path / "z.npz", "w") as archive:
        archive.writestr("a.txt", "hello")
    refused(tmp_path / "z.npz", "it was not written by fastbp")


def test_pickles_inside_are_not_run(tmp_path, model):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "trapped"),)

    model.save(tmp_path / "m.npz")
    rewrite(tmp_path / "m.npz", arrays={"parameters/0.weight": np.array([Trap()], object)})
    refused(tmp_path / "m.npz", "allow_pickle")
    assert not (tmp_path / "trapped").exists()


def test_truncated_files(tmp_path, model):
    path = tmp_path / "m.npz"
    model.save(path)
    whole = path.read_bytes()
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        refused(path, "it is no .npz archive|it is damaged")


def test_a_flipped_byte_is_found_or_does_not_matter(tmp_path, model):
    path = tmp_path / "m.npz"
    model.save(path)
    whole, expected = path.read_bytes(), model.predict(X)
    refusals = accepted = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            again = bp.load(path)
        except ValueError as error:
            refusals += str(path) in str(error)
        else:
            accepted += 1
            assert np.array_equal(again.predict(X), expected)
            assert repr(again) == repr(model)
    assert refusals > len(whole) // 2
    assert refusals + accepted == len(whole)


def rewrite(path, arrays=(), **changes):
    """Write the file again with other arrays, or with changes to the model's description."""
    with np.load(path) as file:
        content = dict(file)
    description = json.loads(content["fastbp"].tobytes())
    for key, value in changes.items():
        description["model"][key] = value
    content["fastbp"] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    content.update(arrays)
    np.savez(path, **{k: v for k, v in content.items() if v is not None})


@pytest.mark.parametrize(
    ("arrays", "changes", "message"),
    [
        (
            {"parameters/0.weight": np.zeros((4, 3), "float32")},
            {},
            r"'0.weight' must have shape \(3, 4\)",
        ),
        ({"parameters/0.weight": np.zeros((3, 4))}, {}, r"dtype float32, got \(3, 4\) and float64"),
        ({"parameters/1.bias": None}, {}, "it is damaged .*1.bias"),
        ({}, {"n_features": 4}, r"'0.weight' must have shape \(4, 4\)"),
        ({}, {"n_features": 0}, "n_features must be a positive integer, got 0"),
        ({}, {"n_features": 10**18}, "must have shape"),
        ({}, {"type": "Other"}, "unknown model type 'Other'; known: 'Sequential'"),
        ({}, {"layers": [{"type": "Conv", "units": 1}]}, "unknown layer type 'Conv'"),
        ({}, {"layers": [{"type": "Dense", "units": -1, "activation": None}]}, "units must be"),
        ({}, {"layers": [{"type": "Dense", "units": 1, "activation": "x"}]}, "unknown activation"),
        ({}, {"layers": []}, "layers is empty"),
        ({}, {"layers": 3}, "it is damaged"),
        ({}, {"dtype": "int8"}, "dtype must be"),
        ({}, {"seed": -1}, "seed must be"),
        ({}, {"shuffles": -1}, "shuffles must be"),
        ({}, {"shuffles": "x"}, "shuffles must be"),
    ],
)
def test_what_does_not_fit(tmp_path, model, arrays, changes, message):
    path = tmp_path / "m.npz"
    model.save(path)
    rewrite(path, arrays, **changes)
    refused(path, message)


def test_another_version_of_the_format(tmp_path, model, monkeypatch):
    monkeypatch.setattr(checkpoint, "VERSION", 2)
    model.save(tmp_path / "m.npz")
    monkeypatch.undo()
    refused(tmp_path / "m.npz", "it is not of version 1 of the format")


@pytest.mark.thread_unsafe(reason="the fixture's model is trained")
def test_a_model_in_training_is_not_saved(tmp_path, model):
    raised = []

    def save():
        try:
            model.save(tmp_path / "m.npz")
        except RuntimeError as error:
            raised.append(str(error))

    with model.guard.training():
        thread = threading.Thread(target=save)
        thread.start()
        thread.join()
    assert "being trained in another thread" in raised[0]
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_nobody_reads_a_private_file_while_it_is_written(tmp_path, model, monkeypatch):
    path, modes = tmp_path / "m.npz", []
    model.save(path)
    path.chmod(0o600)
    savez = np.savez

    def look(file, **entries):
        modes.extend(stat.S_IMODE(p.stat().st_mode) for p in tmp_path.glob(".fastbp-*"))
        savez(file, **entries)

    monkeypatch.setattr(checkpoint.np, "savez", look)
    model.save(path)
    assert modes == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


KILLED = """
import os, signal, sys
import numpy as np
import fastbp as bp
from fastbp.training import checkpoint

model = bp.Sequential([bp.Dense(4), bp.Dense(1)], seed=0)
model.build(3)
savez = np.savez

def killed(file, **entries):
    savez(file, **entries)
    file.flush()
    print("written", flush=True)
    HOW

checkpoint.np.savez = killed
model.save(sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_what_killed_saves_leave_is_removed_by_the_next(tmp_path, model, run_python):
    for _ in range(3):
        done = run_python(
            "-P", "-c", KILLED.replace("HOW", "os.kill(os.getpid(), 9)"), str(tmp_path / "m.npz")
        )
        assert done.returncode == -9
    left = [name for name in os.listdir(tmp_path) if name.startswith(".fastbp-")]
    assert len(left) == 1  # each has removed that of the one before
    (tmp_path / ".fastbp-0123456789abcdef").write_bytes(b"PK")
    (tmp_path / ".fastbp-folder").mkdir()  # not ours
    (tmp_path / ".fastbp-link").symlink_to("nowhere")
    model.save(tmp_path / "m.npz")
    assert sorted(os.listdir(tmp_path)) == [".fastbp-folder", ".fastbp-link", "m.npz"]


@pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")
def test_a_save_that_goes_on_is_left_alone(tmp_path, model):
    """Another process's save is in the middle of its work when this one looks round."""
    code = KILLED.replace("HOW", "sys.stdin.read()")
    other = subprocess.Popen(
        [sys.executable, "-P", "-c", code, str(tmp_path / "other.npz")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path.parent,
    )
    try:
        assert other.stdout.readline() == b"written\n"
        model.save(tmp_path / "m.npz")
        assert len(os.listdir(tmp_path)) == 2
        other.communicate(timeout=60)
    finally:
        other.kill()
    assert other.returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["m.npz", "other.npz"]
    bp.load(tmp_path / "other.npz")


def test_a_file_that_was_taken_for_a_stale_one_is_written_again(tmp_path, model, monkeypatch):
    lock, turns = checkpoint._lock, []

    def removed(handle, *, wait):
        if wait and len(turns) < 2:
            turns.append(os.listdir(tmp_path))
            for name in turns[-1]:
                os.unlink(tmp_path / name)
        return lock(handle, wait=wait)

    if os.name != "posix":
        pytest.skip("an open file stays")
    monkeypatch.setattr(checkpoint, "_lock", removed)
    model.save(tmp_path / "m.npz")
    assert len(turns) == 2
    assert os.listdir(tmp_path) == ["m.npz"]


@pytest.mark.parametrize("when", ["open", "_lock", "savez"])
def test_an_interrupt_leaves_nothing(tmp_path, model, monkeypatch, when):
    """A Ctrl-C just behind a call, before what it gave is kept."""
    model.save(tmp_path / "m.npz")
    before = (tmp_path / "m.npz").read_bytes()
    of = {"open": checkpoint.os, "_lock": checkpoint, "savez": checkpoint.np}[when]
    call = getattr(of, when)

    def interrupted(*args, **kwargs):
        found = call(*args, **kwargs)
        if when == "open" and "fastbp-" in args[0]:
            os.close(found)
        if kwargs.get("wait", True) and (when != "open" or "fastbp-" in args[0]):
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(of, when, interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.save(tmp_path / "m.npz")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["m.npz"]
    assert (tmp_path / "m.npz").read_bytes() == before


def test_only_unfinished_files_are_removed(model, tmp_path):
    for name in (".fastbp-best.npz", ".fastbp-0123456789abcdef.npz", ".fastbp-0123456789abcde"):
        model.save(tmp_path / name)
    (tmp_path / ".fastbp-notes").write_text("mine")
    before = sorted(tmp_path.iterdir())
    (tmp_path / ".fastbp-0123456789abcdef").write_text("of a save that was killed")
    model.save(tmp_path / "other.npz")
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "other.npz"])
    with pytest.raises(ValueError, match="path must not name a file as unfinished ones are called"):
        model.save(tmp_path / ".fastbp-0123456789abcdef")


def test_paths_that_name_a_folder(model, tmp_path):
    with pytest.raises(ValueError, match="path must name a file"):
        model.save(f"{tmp_path}/new/")
    with pytest.raises(FileNotFoundError, match=r"no such folder to save to: '.*nowhere'"):
        model.save(tmp_path / "nowhere" / "m.npz")
