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
LEAVES = re.compile(r"(notrack |bnd )?jmp|ret|ud2|hlt")
PADDING = re.compile(r"(data16 |cs )*nop|xchg\s+%ax,%ax")
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
    """Loops of `objdump -d --no-show-raw-insn`; a jump backwards alone is none.

    Compilers place a block that runs once, as the last step of an odd count, before the code that leads to it.
    """
    texts: list[str] = []
    addresses: list[int] = []
    place: dict[int, int] = {}
    for address, text in (m.groups() for m in map(INSTRUCTION.match, listing.splitlines()) if m):
        place[int(address, 16)] = len(texts)
        if not PADDING.match(text):
            texts.append(text)
            addresses.append(int(address, 16))
    before: list[list[int]] = [[] for _ in texts]  # the instructions that lead to each
    targets = set()
    for i, text in enumerate(texts):
        jump = JUMP.match(text)
        target = place.get(int(jump[1], 16), len(texts)) if jump else len(texts)
        if target < len(texts):
            before[target].append(i)
            targets.add(target)
        if i + 1 < len(texts) and not LEAVES.match(text):
            before[i + 1].append(i)
    edges = [(start, end) for start in sorted(targets) for end in before[start]]
    bodies = [(start, natural_loop(start, end, before)) for start, end in edges]
    loops = [(start, body) for start, body in bodies if body]
    inner = [(start, body) for start, body in loops if not any(b < body for _, b in loops)]
    found = [Loop(addresses[start], tuple(texts[i] for i in sorted(body))) for start, body in inner]
    return [loop for loop in found if any("vfmadd" in text for text in loop.body)]


def natural_loop(start: int, end: int, before: list[list[int]]) -> set[int]:
    """All that leads from `start` to `end`, from where it goes back; nothing, if there is a way past `start`."""
    body, todo = {start}, [end]
    while todo:
        i = todo.pop()
        if i in body:
            continue
        if not before[i]:
            return set()
        body.add(i)
        todo += before[i]
    return body


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


# The loop is entered at its condition, as by a `while` that no compiler turned round.
ROTATED = CLEAN.replace("xor    %eax,%eax", "jmp    1018 <.text+0x18>")


@pytest.mark.parametrize("spill", [None, "vmovaps %ymm0,0x40(%rsp)"])
def test_a_loop_entered_in_its_middle_is_found(spill):
    (loop,) = innermost_loops(ROTATED.replace("add    $0x20,%rsi", spill or "nop"))
    assert loop.multiply_adds("ymm") == 2
    assert loop.spills == ([spill] if spill else [])


# Two steps of k a round; the last step of an odd k lies above, and the constant of the epilogue with it.
ODD = """
0000000000002000 <.text>:
    2000:	jmp    2030 <.text+0x30>
    2004:	vfmadd231ps %ymm1,%ymm2,%ymm0
    2008:	vmovaps 0x40(%rsp),%ymm9
    200c:	vmovups %ymm0,(%rdx)
    2010:	dec    %ecx
    2012:	jmp    2030 <.text+0x30>
    2014:	data16 cs nopw 0x0(%rax,%rax,1)
    2020:	test   $0x1,%r9b
    2024:	jne    2004 <.text+0x4>
    2028:	ret
    2030:	vmovups (%rsi),%ymm1
    2034:	vfmadd231ps %ymm1,%ymm2,%ymm0
    2038:	vfmadd231ps %ymm1,%ymm3,%ymm0
    203c:	dec    %eax
    203e:	jne    2030 <.text+0x30>
    2040:	jmp    2020 <.text+0x20>
"""


def test_a_jump_backwards_to_what_runs_once_is_no_loop():
    (loop,) = innermost_loops(ODD)
    assert loop.start == 0x2030
    assert loop.multiply_adds("ymm") == 2
    assert loop.spills == []


def test_a_spill_beside_what_runs_once_is_caught():
    spill = "vmovaps 0x40(%rsp),%ymm1"
    (loop,) = innermost_loops(ODD.replace("vmovups (%rsi),%ymm1", spill))
    assert loop.spills == [spill]


def test_a_loop_without_multiply_adds_does_not_count():
    assert innermost_loops(CLEAN.replace("vfmadd231ps", "vaddps")) == []
