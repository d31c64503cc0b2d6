"""Files that released versions wrote: this one reads them to the last bit, and trains on."""

import re

import freeze_models
import numpy as np
import pytest

import fastbp as bp


def files(folder):
    """Return the files below a folder that hold models, without those that say what they must give."""
    paths = folder.rglob("*.npz")
    return sorted(path for path in paths if not path.name.endswith(freeze_models.EXPECTED))


FILES = files(freeze_models.FOLDER)
# Instruction sets round differently, and so may versions: what a file gives is compared up to this.
TOLERANCES = {"float32": 1e-5, "float64": 1e-11}


def named(path):
    return f"{path.parent.name}-{path.stem}"


def expected(path):
    """Return part -> name -> array."""
    parts = {"data": {}, "parameters": {}, "results": {}, "steps": {}, "next": {}}
    with np.load(path.with_suffix(freeze_models.EXPECTED), allow_pickle=False) as file:
        for entry, array in file.items():
            part, _, key = entry.partition(":")
            parts[part][key] = array
    return parts


def tolerance(wanted):
    return TOLERANCES[next(iter(wanted["parameters"].values())).dtype.name]


def assert_close(found, wanted, tolerance):
    assert set(wanted) <= set(found)  # a later version may give more
    for name, value in wanted.items():
        array = np.asarray(found[name])
        np.testing.assert_allclose(
            array, value, rtol=tolerance, atol=tolerance, err_msg=name, strict=True
        )


def assert_same_bits(found, wanted):
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert found[name].tobytes() == array.tobytes(), name


def check(path):
    """Load a file and compare all that is known of it."""
    loaded, wanted = freeze_models.load(path), expected(path)
    data = tuple(wanted["data"].values())
    found = freeze_models.parameters(loaded)
    assert_same_bits(found, wanted["parameters"])
    if not found:
        assert not loaded.built
        assert np.isfinite(loaded.predict(data[0])).all()
        return
    assert_close(freeze_models.results(loaded, data), wanted["results"], tolerance(wanted))
    if isinstance(loaded, bp.Trainer):
        assert loaded.steps == wanted["steps"]["made"]
        assert_close(freeze_models.next_step(loaded, data), wanted["next"], tolerance(wanted))
        assert loaded.steps == wanted["steps"]["made"] + 1


@pytest.mark.parametrize("path", FILES, ids=named)
def test_released_files_are_read(path):
    check(path)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_what_is_read_is_trained_and_saved_again(path, tmp_path):
    loaded, data = freeze_models.load(path), tuple(expected(path)["data"].values())
    loaded.save(tmp_path / path.name)
    again = freeze_models.load(tmp_path / path.name)
    assert_same_bits(freeze_models.parameters(again), freeze_models.parameters(loaded))
    if freeze_models.of_function(loaded):
        history = loaded.fit(data, epochs=1)
    elif isinstance(loaded, bp.Trainer):
        history = loaded.fit(*data, epochs=1)
    else:
        loss = "cross_entropy" if "softmax" in path.stem else "mse"
        history = loaded.fit(*data, loss=loss, epochs=1)
    assert np.isfinite(history["loss"]).all()


def test_models_are_read_from_files_of_trainers():
    paths = [path for path in FILES if path.stem.startswith("trainer_")]
    assert paths
    for path in paths:
        assert_same_bits(freeze_models.parameters(bp.load(path)), expected(path)["parameters"])


def test_released_versions_have_files():
    versions = {path.parent.name for path in FILES}
    assert versions
    if re.fullmatch(r"[0-9.]+", bp.__version__):  # no .dev, no rc
        assert bp.__version__ in versions


def test_files_are_small():
    for path in freeze_models.FOLDER.glob("*/*"):
        assert path.suffix == ".npz"
        assert path.stat().st_size < 20_000, path


def test_what_would_be_frozen_now_is_read(tmp_path):
    freeze_models.freeze(tmp_path / "now")
    paths = files(tmp_path)
    assert len(paths) == len(list(freeze_models.made()))
    for path in paths:
        check(path)


def test_a_folder_is_not_overwritten(tmp_path):
    freeze_models.freeze(tmp_path / "once")
    before = {path.name: path.read_bytes() for path in (tmp_path / "once").iterdir()}
    with pytest.raises(FileExistsError):
        freeze_models.freeze(tmp_path / "once")
    assert {p.name: p.read_bytes() for p in (tmp_path / "once").iterdir()} == before


def test_the_script_refuses_to_overwrite(run_python):
    if not (freeze_models.FOLDER / bp.__version__).exists():
        pytest.skip("nothing is there to overwrite: a development version")
    run = run_python(freeze_models.__file__)
    assert run.returncode == 1
    assert "is there already" in run.stderr
