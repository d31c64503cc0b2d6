"""Files that released versions wrote are read by this one, to the last bit, and trained on."""

import frozen
import numpy as np
import pytest

import fastbp as bp

VERSIONS = sorted(folder.name for folder in frozen.FOLDER.iterdir())


@pytest.fixture(params=VERSIONS)
def folder(request):
    return frozen.FOLDER / request.param


def expected(folder, name):
    with np.load(folder / "expected.npz", allow_pickle=False) as file:
        return {key.partition("/")[2]: file[key] for key in file if key.partition("/")[0] == name}


def assert_same_bits(found, wanted):
    for name, array in found.items():
        np.testing.assert_array_equal(array, wanted[name], strict=True, err_msg=name)


def close(found, wanted, dtype):
    # other machines round otherwise: v2 has no fused multiply-add
    np.testing.assert_allclose(found, wanted, rtol=1e-4 if dtype == "float32" else 1e-9)


def test_this_version_has_its_files():
    assert bp.__version__ in VERSIONS


@pytest.mark.parametrize("name", ["binary_float32", "classes_float64"])
def test_models(folder, name):
    model = bp.load(folder / f"model_{name}.npz")
    wanted = expected(folder, f"model_{name}")
    assert set(wanted) == {*model.parameters, "predicted"}
    assert_same_bits(model.parameters, wanted)
    close(model.predict(frozen.X), wanted["predicted"], str(model.dtype))


@pytest.mark.parametrize("name", ["adam", "momentum"])
def test_trainers_go_on(folder, name):
    trainer = bp.Trainer.load(folder / f"trainer_{name}.npz")
    wanted = expected(folder, f"trainer_{name}")
    assert set(wanted) == {*trainer.model.parameters, "losses"}
    assert_same_bits(trainer.model.parameters, wanted)
    history = trainer.fit(frozen.X, frozen.Y, epochs=2, batch_size=16)
    close(history["loss"], wanted["losses"], str(trainer.model.dtype))


def test_function_trainers_go_on(folder):
    trainer = bp.Trainer.load(folder / "function.npz", loss=frozen.loss, params=frozen.start())
    wanted = expected(folder, "function")
    assert_same_bits(frozen.flat(trainer.params), wanted)
    history = trainer.fit((frozen.X, frozen.Y), epochs=2, batch_size=16)
    close(history["loss"], wanted["losses"], "float64")


def test_files_are_never_written_again(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(FileExistsError):
        frozen.freeze(tmp_path / "there")


def test_what_is_frozen_now_is_what_is_tested(tmp_path):
    frozen.freeze(tmp_path / "now")
    names = {path.name for path in (tmp_path / "now").iterdir()}
    assert names == {path.name for path in (frozen.FOLDER / bp.__version__).iterdir()}
