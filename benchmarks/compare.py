"""Train the same networks with fastbp and with other libraries, and print how long a step takes.

Run `python benchmarks/compare.py --help`; README.md beside this file tells the method.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import environment
import report
from peers import PEERS
from workloads import WORKLOADS

SCRIPT = "script"


def main() -> int:
    """Parse the command line; measure, or be the process of one peer."""
    parser = _parser()
    args = parser.parse_args()
    try:
        cores = environment.prepare(args.threads, _makes_threads(args))
    except ValueError as error:
        parser.error(f"argument --threads: {error}")
    if args.peer is not None:
        # Imported late, here and below: NumPy reads its settings from the environment above.
        from measure import serve

        serve(args.peer, args.workload[0], args.folder, args.threads, args.seconds)
        return 0
    results = _measure(args)
    if args.json is not None:
        machine = {**environment.describe(), "cores": cores, "threads": args.threads}
        args.json.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")
    return 0 if all(map(_sound, results)) else 1


def _makes_threads(args: argparse.Namespace) -> bool:
    """Whether this is the process of a peer that divides the rows among threads of its own."""
    return args.peer in ("numpy", "torch") and WORKLOADS[args.workload[0]].streams


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    jobs = [*WORKLOADS, SCRIPT]
    parser.add_argument(
        "--workload", nargs="+", choices=jobs, default=jobs, help="default: all, the scripts too"
    )
    parser.add_argument(
        "--peers", nargs="+", choices=list(PEERS), help="default: those installed", metavar="PEER"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads and cores (default 1)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each peer (default 7)")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="least length of one turn (default 0.5)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    parser.add_argument("--peer", choices=list(PEERS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser


def _measure(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure each workload and print its table at once."""
    from driver import compare
    from whole_script.run import compare_scripts

    peers = _installed(args.peers)
    machine = environment.describe()
    print(f"{machine['processor']}, Python {machine['python']}, {args.threads} thread(s)")
    results = []
    for name in args.workload:
        if name == SCRIPT:
            result = compare_scripts(peers, args.rounds)
            print("\n" + report.script_table(result), flush=True)
        else:
            work = WORKLOADS[name]
            able = [peer for peer in peers if name not in PEERS[peer].excluded]
            result = compare(work, able, args.threads, args.rounds, args.seconds)
            result["left_out"] = {p: PEERS[p].excluded[name] for p in peers if p not in able}
            print("\n" + report.table(result), flush=True)
        results.append(result)
    return results


def _installed(wanted: list[str] | None) -> list[str]:
    """The peers to run; one that was asked for by name and is missing is an error."""
    missing = {name: peer.missing() for name, peer in PEERS.items()}
    for name in wanted or []:
        if missing[name]:
            sys.exit(f"{name} needs {' and '.join(missing[name])}, which is not installed")
    return wanted or [name for name, packages in missing.items() if not packages]


def _sound(result: dict[str, Any]) -> bool:
    """Whether every peer ran and reached what it had to reach."""
    return all(record.get("ok", False) for record in result["peers"].values())


if __name__ == "__main__":
    sys.exit(main())
