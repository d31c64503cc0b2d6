from typing_extensions import Buffer

def sgd(p: Buffer, g: Buffer, learning_rate: float) -> None: ...
def momentum(
    p: Buffer,
    v: Buffer,
    g: Buffer,
    learning_rate: float,
    momentum: float = 0.9,
    nesterov: bool = False,
) -> None: ...
def adam(
    p: Buffer,
    m: Buffer,
    v: Buffer,
    g: Buffer,
    learning_rate: float,
    t: int,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> None: ...
