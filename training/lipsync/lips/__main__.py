"""``python -m lips speak|prepare|train|finish``, one after the other; see the README.

What was spoken is kept; the other steps are done anew.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

CACHE: Final = Path(".cache")
CORPUS: Final = CACHE / "corpus"
EXAMPLES: Final = CACHE / "examples"
RUNS: Final = CACHE / "runs"
REPORT: Final = Path("report.json")
MODEL: Final = Path("../../avatar_worker/lipsync/lips.onnx")

MINUTES: Final = {"espeak": 150, "flite": 60, "hibari": 60, "kokoro": 65}
JUDGES: Final = {"espeak": 20, "flite": 5, "hibari": 5, "kokoro": 10}
"""Minutes of speech to train on and to judge by."""
PEOPLE: Final = "people"
SEED: Final = 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="lips", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    speak = commands.add_parser("speak", help="synthesize the speech")
    speak.add_argument("--processes", type=int, default=2)
    commands.add_parser("prepare", help="speech → log-mel energies and targets")
    train = commands.add_parser("train", help="train the network that ships")
    train.add_argument(
        "--plans", default='[{"name": "shipped"}]', help="JSON list of fields of lips.train.Plan"
    )
    train.add_argument("--start", type=Path, metavar="RUN.pt", help="go on from there")
    finish = commands.add_parser("finish", help="choose thresholds, write lips.onnx and a report")
    finish.add_argument("--run", default="shipped")
    finish.add_argument("--output", type=Path, default=MODEL)
    options = parser.parse_args()
    match options.command:
        case "speak":
            _speak(options.processes)
        case "prepare":
            _prepare()
        case "train":
            _train(json.loads(options.plans), options.start)
        case "finish":
            _finish(options.run, options.output)


def _speak(processes: int) -> None:
    from lips.synthesize import SHARD_MINUTES, synthesize

    with ProcessPoolExecutor(processes) as pool:
        jobs = [
            pool.submit(synthesize, CORPUS, source, shard, judging)
            for judging, minutes in ((False, MINUTES), (True, JUDGES))
            for source, length in minutes.items()
            for shard in range(int(length / SHARD_MINUTES))
        ]
        for job in jobs:
            job.result()


def _prepare() -> None:
    from lips.dataset import prepare

    EXAMPLES.mkdir(parents=True, exist_ok=True)
    for source in MINUTES:
        shards = sorted(CORPUS.glob(f"{source}-train-*.npz"))
        examples = prepare(shards, seed=0)
        examples.save(EXAMPLES / f"{source}.npz")
        print(f"{source}: {examples.hours:.2f} hours")


def _train(plans: list[dict[str, Any]], start: Path | None) -> None:
    import torch

    from lips.dataset import Examples
    from lips.train import Plan, train

    RUNS.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sources = {p.stem: Examples.load(p) for p in sorted(EXAMPLES.glob("*.npz"))}
    for fields in plans:
        plan = Plan(**fields)
        print(train(plan, sources, RUNS, device, start), flush=True)


def _finish(run: str, output: Path) -> None:
    import numpy as np

    from bench.lip_scores import bootstrap, score
    from lips.corpus import write_shard
    from lips.export import Speaker, export
    from lips.judge import choose_thresholds, hear, read_judges, to_sentence
    from lips.people import read_people
    from lips.train import load

    people = CORPUS / f"{PEOPLE}-judge-000.npz"
    if not people.exists():
        write_shard(people, list(read_people()))
    network, plan = load(RUNS / f"{run}.pt")
    heard = {
        source: [hear(network, plan.delay, u) for u in read_judges(CORPUS, source)]
        for source in (PEOPLE, *MINUTES)
    }
    for language in sorted({h.utterance.language for h in heard["espeak"]} - {"en"}):
        heard[f"espeak {language}"] = [
            h for h in heard["espeak"] if h.utterance.language == language
        ]
    # Half of the prompts choose the threshold, the other half judge.
    chosen, heard[PEOPLE] = heard[PEOPLE][::2], heard[PEOPLE][1::2]
    thresholds, scores = choose_thresholds(network, chosen)
    speaker = Speaker(network, thresholds)
    rng = np.random.default_rng(SEED)
    judged = {}
    for name, those in heard.items():
        sentences = [to_sentence(h.weights(speaker), h.utterance) for h in those]
        judged[name] = {
            "sentences": len(those),
            "scores": asdict(score(sentences)),
            "intervals": bootstrap(sentences, rng),
        }
    report = {
        "sha256": export(network, plan.delay, thresholds, output),
        "plan": asdict(plan),
        "thresholds": asdict(thresholds),
        "chosen_on": asdict(scores),
        "judged_on": judged,
    }
    REPORT.write_text(json.dumps(_rounded(report), indent=1) + "\n")
    print(REPORT.read_text())


def _rounded(value: object) -> object:
    """JSON without digits that mean nothing, and without what is no number."""
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items() if v == v}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    if isinstance(value, float):
        return round(value, 4) if abs(value) < 1e9 else None
    return value


if __name__ == "__main__":
    main()
