"""Send random and mutated model output through refinement to GFF3, and check what comes out.

    python -m tests.fuzz_gene_models --sentences 100000

Half of the outputs are tokens drawn from the vocabulary, half are sentences of the demo's true
genes with random mutations; every one has random digits' costs, and now and then a second
hypothesis. Nothing may crash; every gene must pass the project's own check of GFF3 and, where it is
installed, ``gt gff3validator``. Exits with 1 where one does not.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from transgenic_dagster.demo.simulated_assembly import simulate_assembly
from transgenic_dagster.demo.true_gene import gene_sentence
from transgenic_dagster.gene_models.gff3_check import check_gff3
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.refined_gene import refined_gene_from_sentence
from transgenic_dagster.gsf.parser import Feature, GeneSentence, format_sentence, parse_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence, SentenceHypothesis
from transgenic_dagster.gsf.vocabulary import (
    BOS_ID,
    EOS_ID,
    TOKENS,
    clean_sentence,
    decode_ids,
    encode_gsf,
)
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.windows import plan_window
from transgenic_dagster.sequences.dna import normalise

MAX_WINDOW = 12_288
MAX_DISTANCE = 60
GENES_PER_FILE = 20_000


def windows_and_sentences() -> list[tuple[Region, str, str]]:
    """Region, DNA and true sentence of every gene of the demo that can be predicted."""
    assembly = simulate_assembly()
    found = []
    for gene in assembly.genes:
        if not gene.predictable:
            continue
        dna = assembly.sequences[gene.seqid]
        window = plan_window(gene.start, gene.end, len(dna), MAX_WINDOW, "extended")
        assert window is not None
        region = Region(
            len(found), gene.gene_id, gene.seqid, gene.start, gene.end, gene.strand, *window
        )
        sentence = gene_sentence(gene, window[0])
        found.append((region, normalise(dna[slice(*window)]), sentence))
    return found


def random_tokens(rng: random.Random) -> str:
    """Text of tokens drawn from the vocabulary."""
    ids = [rng.randrange(len(TOKENS)) for _ in range(rng.randrange(1, 120))]
    return decode_ids([BOS_ID, *ids, EOS_ID])


def mutated(rng: random.Random, sentence: str) -> str:
    """Text of a sentence with some faults that a model might make."""
    parsed = parse_sentence(sentence)
    features = {name: _mutated_feature(rng, one) for name, one in parsed.features.items()}
    transcripts = [list(names) for names in parsed.transcripts]
    for names in transcripts:
        if len(names) > 1 and rng.random() < 0.2:
            names.pop(rng.randrange(len(names)))
        if rng.random() < 0.05:
            names.insert(rng.randrange(len(names) + 1), rng.choice(list(features)))
    if rng.random() < 0.1:
        transcripts.append(rng.sample(list(features), rng.randrange(1, len(features) + 1)))
    text = format_sentence(GeneSentence(features, tuple(map(tuple, transcripts))))
    ids = encode_gsf(text)
    while rng.random() < 0.2:
        ids[rng.randrange(len(ids))] = rng.randrange(len(TOKENS))
    return decode_ids([BOS_ID, *(i for i in ids if i not in {BOS_ID, EOS_ID}), EOS_ID])


def _mutated_feature(rng: random.Random, feature: Feature) -> Feature:
    def moved(position: int) -> int:
        if rng.random() < 0.3:
            position += rng.choice([-1, 1]) * min(int(rng.expovariate(1 / 12)) + 1, 60)
        if rng.random() < 0.01:
            position = rng.randrange(MAX_WINDOW + 100)
        return max(0, position)

    strand = feature.strand if rng.random() < 0.995 else "+-".replace(feature.strand, "")
    phase = feature.phase
    if phase is not None and rng.random() < 0.05:
        phase = rng.randrange(3)
    return replace(
        feature,
        start=moved(feature.start),
        end=moved(feature.end),
        strand=strand,
        phase=phase,
    )


def hypothesis(rng: random.Random, raw: str) -> SentenceHypothesis:
    """A closed hypothesis with random costs of its digits."""
    clean = clean_sentence(raw)
    try:
        features = parse_sentence(clean).features.values()
        digits = sum(len(str(f.start)) + len(str(f.end)) for f in features)
    except ValueError:
        digits = rng.randrange(3)
    costs = bytes(rng.randrange(256) for _ in range(10 * digits))
    return SentenceHypothesis(raw, clean, -0.1, 0.9, True, -rng.expovariate(0.2), costs)


def sentences(
    rng: random.Random, count: int, known: list[tuple[Region, str, str]]
) -> Iterator[tuple[Region, str, PredictedSentence]]:
    """Yield regions, their DNA and model outputs, random and mutated ones in turn."""
    for number in range(count):
        region, dna, true = known[number % len(known)]
        first, *others = [
            hypothesis(rng, mutated(rng, true) if number % 2 else random_tokens(rng))
            for _ in range(1 + (rng.random() < 0.2))
        ]
        region = replace(region, region_id=number, gene_id=f"g{number}")
        yield (
            region,
            dna,
            PredictedSentence(
                region_id=number,
                raw=first.raw,
                clean=first.clean,
                score=first.score,
                confidence=first.confidence,
                finished=first.finished,
                log_probability=first.log_probability,
                digit_costs=first.digit_costs,
                alternatives=tuple(others),
            ),
        )


def check(path: Path) -> None:
    """End where a file is not valid."""
    read = check_gff3(path)
    if read.faults:
        raise SystemExit(f"{path}: {read.faults[:3]}")
    if shutil.which("gt"):
        done = subprocess.run(
            ["gt", "gff3validator", str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"gt: {done.stdout} {done.stderr}")


def main() -> None:
    """Run the fuzzer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=100_000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    known = windows_and_sentences()
    outcomes: Counter[str] = Counter()
    drawn = sentences(random.Random(arguments.seed), 2 * arguments.sentences, known)
    lengths = {region.seqid: 10_000_000 for region, _, _ in known}
    left = 2 * arguments.sentences
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "genes.gff3"
        while left:
            with path.open("w", encoding="utf-8") as handle:
                writer = Gff3Writer(handle, "gm")
                writer.write_header(lengths, {})
                for _ in range(min(left, GENES_PER_FILE)):
                    region, dna, sentence = next(drawn)
                    left -= 1
                    gene, rejects = refined_gene_from_sentence(sentence, region, dna, MAX_DISTANCE)
                    if gene is None:
                        outcomes[rejects[0].reason] += 1
                        continue
                    writer.write_gene(gene)
                    outcomes["gene"] += 1
                    outcomes.update(f"orf={t.refinement.orf}" for t in gene.transcripts)
            check(path)
    for name, count in outcomes.most_common():
        sys.stdout.write(f"{count:>9,}  {name}\n")


if __name__ == "__main__":
    main()
