"""The table of a model."""

import fastbp as bp


def test_a_built_model():
    model = bp.Sequential([bp.Dense(16, "relu"), bp.Dense(1, "sigmoid")], seed=0)
    model.build(30)
    assert str(model.summary()).splitlines() == [
        "   layer                           output   parameters",
        "------------------------------------------------------",
        "0  Dense(16, activation='relu')    (n, 16)         496",
        "1  Dense(1, activation='sigmoid')  (n, 1)           17",
        "------------------------------------------------------",
        "30 features, 513 parameters, float32, 2.0 KiB",
    ]


def test_an_unbuilt_model():
    lines = bp.Sequential([bp.Dense(16)]).summary().splitlines()
    assert lines[2].split() == ["0", "Dense(16,", "activation=None)", "(n,", "16)", "?"]
    assert lines[-1].startswith("not built yet: the first fit or predict, or model.build")


def test_sizes():
    ends = []
    for n_features, dtype in ((1, "float32"), (100, "float64"), (1_000_000, "float32")):
        model = bp.Sequential([bp.Dense(2)], dtype=dtype)
        model.build(n_features)
        ends.append(model.summary().splitlines()[-1])
    assert ends == [
        "1 features, 4 parameters, float32, 16 bytes",
        "100 features, 202 parameters, float64, 1.6 KiB",
        "1000000 features, 2,000,002 parameters, float32, 7.6 MiB",
    ]


def test_a_prompt_shows_the_table_itself():
    summary = bp.Sequential([bp.Dense(2)]).summary()
    assert isinstance(summary, str)
    assert repr(summary) == str(summary)
