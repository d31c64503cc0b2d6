"""The innermost loops of the matmul keep their sums in registers: read from the disassembly."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from fastbp import kernels
from fastbp.kernels import probe

VECTOR = re.compile(r"%[yz]mm\d+")
# %rsp, or %rbp below which a frame's variables lie; as a pointer to data %rbp has an index.
STACK = re.compile(r"(0x[0-9a-f]+)?\(%rsp[,)]|-0x[0-9a-f]+\(%rbp\)")
JUMP = re.compile(r"j\w+\s+(?:0x)?([0-9a-f]+)")
INSTRUCTION = re.compile(r"\s+([0-9a-f]+):\s+(.*)")
TILES = {"v3": ("ymm", 12), "v4": ("zmm", 24)}  # registers, and multiply-adds of a whole tile


@dataclass(frozen=True)
class Loop:
    """A loop with fused multiply-adds and no loop inside."""

    start: int
    body: tuple[str, ...]

    def multiply_adds(self, register: str) -> int:
        return sum("vfmadd" in text and register in text for text in self.body)

    @property
    def spills(self) -> list[str]:
        return [text for text in self.body if VECTOR.search(text) and STACK.search(text)]


def innermost_loops(listing: str) -> list[Loop]:
    """Loops of `objdump -d --no-show-raw-insn`: from the target of a jump backwards to it."""
    found = [m.groups() for m in map(INSTRUCTION.match, listing.splitlines()) if m]
    addresses = [int(address, 16) for address, _ in found]
    place = {address: i for i, address in enumerate(addresses)}
    spans = set()
    for i, (_, text) in enumerate(found):
        jump = JUMP.match(text)
        if jump and (start := place.get(int(jump[1], 16), len(found))) <= i:
            spans.add((start, i))
    inner = [(a, b) for a, b in spans if not any(a <= c and d <= b for c, d in spans - {(a, b)})]
    loops = [Loop(addresses[a], tuple(t for _, t in found[a : b + 1])) for a, b in sorted(inner)]
    return [loop for loop in loops if any("vfmadd" in text for text in loop.body)]


def listing_of(isa: str) -> str:
    if platform.machine() not in ("x86_64", "AMD64") or shutil.which("objdump") is None:
        pytest.skip("needs x86-64 and objdump")
    if probe.LANES == 1:
        pytest.skip("a build of plain loops has no vectors to keep in registers")
    files = sorted((Path(kernels.__file__).parent / isa).glob("matmul.*.so"))
    if not files:
        pytest.skip(f"no build for {isa}")
    done = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", files[0]],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("isa", TILES)
def test_whole_tiles_are_unrolled(isa):
    """Both dtypes, rows of A beside each other and apart: four loops."""
    register, wanted = TILES[isa]
    counts = [loop.multiply_adds(register) for loop in innermost_loops(listing_of(isa))]
    assert sum(count >= wanted for count in counts) >= 4, sorted(counts)


@pytest.mark.parametrize("isa", TILES)
def test_no_sum_goes_through_the_stack(isa):
    spills = {hex(loop.start): loop.spills for loop in innermost_loops(listing_of(isa))}
    assert spills
    assert {start: texts for start, texts in spills.items() if texts} == {}


CLEAN = """
0000000000001000 <.text>:
    1000:	xor    %eax,%eax
    1002:	vmovups (%rsi),%ymm1
    1006:	vbroadcastss (%rdi),%ymm2
    100a:	vfmadd231ps %ymm1,%ymm2,%ymm0
    100e:	vfmadd231ps 0x20(%rbp,%rdx,1),%ymm2,%ymm3
    1014:	add    $0x20,%rsi
    1018:	mov    0x8(%rsp),%rdx
    101c:	jne    1002 <.text+0x2>
    1022:	vmovaps %ymm0,0x40(%rsp)
    1028:	dec    %ecx
    102a:	jne    1000 <.text>
    102c:	ret
"""


def test_a_planted_loop_is_found_and_is_clean():
    """The outer loop stores to the stack, as it may."""
    (loop,) = innermost_loops(CLEAN)
    assert loop.start == 0x1002
    assert len(loop.body) == 7
    assert loop.multiply_adds("ymm") == 2
    assert loop.multiply_adds("zmm") == 0
    assert loop.spills == []


@pytest.mark.parametrize(
    "spill",
    [
        "vmovaps %ymm0,0x40(%rsp)",
        "vmovaps (%rsp),%zmm7",
        "vfmadd231ps -0x70(%rbp),%ymm2,%ymm0",
        "vmovups %ymm3,0x20(%rsp,%rax,4)",
    ],
)
def test_a_planted_spill_is_caught(spill):
    (loop,) = innermost_loops(CLEAN.replace("add    $0x20,%rsi", spill))
    assert loop.spills == [spill]


def test_a_loop_without_multiply_adds_does_not_count():
    assert innermost_loops(CLEAN.replace("vfmadd231ps", "vaddps")) == []
