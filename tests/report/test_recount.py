"""Every number in the report's tables, recounted from the files by other means."""

import hashlib
import json
import re
import statistics
from collections import Counter, defaultdict
from itertools import pairwise
from urllib.parse import unquote

import pytest

from tests.report.made_run import LENGTHS, write_run
from tests.report.page_reader import Page
from transgenic_dagster.run.report import make_report


def shown(value):
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def percent(part, whole):
    return f"{100 * part / whole:.1f}"


def rows_of(path):
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            columns = line.split("\t")
            pairs = [pair.split("=", 1) for pair in columns[8].split(";")]
            yield columns, {key: unquote(value) for key, value in pairs}


def transcripts_of(path, *, predicted):
    """Strand, gene, attributes, exons and CDS of every transcript, kept ones left out."""
    found, order = {}, []
    genes = {}
    for columns, attributes in rows_of(path):
        start, end = int(columns[3]), int(columns[4])
        if columns[2] == "gene":
            genes[attributes["ID"]] = "kept" not in attributes
        elif columns[2] in ("mRNA", "transcript"):
            if not predicted or genes[attributes["Parent"]]:
                found[attributes["ID"]] = {
                    "strand": columns[6],
                    "gene": attributes["Parent"],
                    "seqid": columns[0],
                    "attributes": attributes,
                    "exon": [],
                    "CDS": [],
                    "scores": [],
                }
                order.append(attributes["ID"])
        elif attributes["Parent"] in found:
            found[attributes["Parent"]][columns[2]].append((start, end))
            if columns[2] == "CDS":
                found[attributes["Parent"]]["scores"].append(columns[5])
    return [found[name] for name in order if found[name]["CDS"]]


def measures(transcripts):
    values, introns, isoforms = defaultdict(list), defaultdict(set), Counter()
    for one in transcripts:
        isoforms[one["gene"]] += 1
        exons, cds = sorted(one["exon"]), sorted(one["CDS"])
        length = sum(end - start + 1 for start, end in cds)
        values["CDS length (nt)"].append(length)
        values["Protein length (aa)"].append(length // 3 - 1)
        values["Exons per transcript"].append(len(exons))
        coding = {base for start, end in cds for base in range(start, end + 1)}
        bases = {base for start, end in exons for base in range(start, end + 1)} - coding
        left = sum(base < min(coding) for base in bases)
        right = sum(base > max(coding) for base in bases)
        five, three = (left, right) if one["strand"] == "+" else (right, left)
        values["5′ UTR length (nt)"] += [five] * bool(five)
        values["3′ UTR length (nt)"] += [three] * bool(three)
        for (_, end), (start, _) in pairwise(exons):
            introns[one["gene"]].add((end, start))
    values["Isoforms per gene"] = list(isoforms.values())
    values["Intron length (nt)"] = [b - a - 1 for some in introns.values() for a, b in some]
    return values


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    gff3 = write_run(folder)
    return folder, gff3, Page(make_report(gff3))


@pytest.fixture(scope="module")
def lines(run):
    folder, _, _ = run
    return [json.loads(one) for one in (folder / "out.gff3.rejects.txt").read_text().splitlines()]


def test_the_accounting(run, lines):
    _, gff3, page = run
    annotated = {
        a["GM"] for c, a in rows_of(gff3) if c[2] == "gene" and "kept" not in a and "GM" in a
    }
    rejected = {one["gm_id"] for one in lines if one["pred_raw"]} - annotated
    skipped = {one["gm_id"] for one in lines if one["pred_raw"] is None}
    counts = [len(annotated), len(rejected), len(skipped)]
    total = sum(counts)
    expected = [[str(n), percent(n, total)] for n in [*counts, total]]
    assert [row[1:] for row in page.tables["accounting"][1:]] == expected
    assert total == sum(c[2] == "gene" for c, _ in rows_of(run[0] / "genes.gff3"))


def test_reasons_and_examples(run, lines):
    _, _, page = run
    first, isoforms = {}, Counter()
    annotated = {a["GM"] for c, a in rows_of(run[1]) if c[2] == "gene" and "kept" not in a}
    for one in lines:
        if one["gm_id"] in annotated:
            isoforms[one["reason"]] += 1
        else:
            first.setdefault(one["gm_id"], one["reason"])
    genes = Counter(first.values())
    found = {reason: row[:2] for reason, row in page.rows("reasons").items()}
    assert found == {r: [str(genes[r]), str(isoforms[r])] for r in {*genes, *isoforms}}
    assert all(all(row[2:]) for row in page.rows("reasons").values())
    examples = Counter(row[0] for row in page.tables["examples"][1:])
    assert examples == Counter(one["reason"] for one in lines)


def test_frames_splice_sites_and_moves(run):
    _, gff3, page = run
    values = [one["attributes"] for one in transcripts_of(gff3, predicted=True)]
    whole = len(values)
    frames = Counter(one["orf"] for one in values)
    counts = [
        *(frames[name] for name in ("complete", "partial5", "partial3", "broken")),
        sum(one["start_codon"] == "1" for one in values),
        sum(one["stop_codon"] == "1" for one in values),
        sum(one["inframe_stops"] == "0" for one in values),
        whole,
    ]
    expected = [[str(count), percent(count, whole)] for count in counts]
    assert [row[1:] for row in page.tables["frames"][1:]] == expected

    pairs = [tuple(map(int, one["canonical_splice"].split("/"))) for one in values]
    canonical, introns = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    good, spliced = sum(0 < b == a for a, b in pairs), sum(b > 0 for _, b in pairs)
    assert [row[1:] for row in page.tables["splice"][1:]] == [
        [str(canonical), str(introns), percent(canonical, introns)],
        [str(good), str(spliced), percent(good, spliced)],
    ]

    moves = defaultdict(list)
    for one in values:
        for move in filter(None, one.get("refined", "").split(",")):
            name, offset = move.split(":")
            moves[name.rstrip("0123456789")].append(offset)
    names = {"start codon": "start", "stop codon": "stop", "splice donor": "donor"}
    found = page.rows("moves")
    assert found.pop("exon left out") == ["1", "–", "–"]
    assert found.keys() == names.keys()
    for title, name in names.items():
        distances = [abs(int(offset)) for offset in moves[name]]
        expected = [len(distances), float(statistics.median(distances)), max(distances)]
        assert found[title] == list(map(shown, expected))


def coding_parts(transcripts, input_parts):
    """Place, probability, whether moved and whether in the input too, of every coding part."""
    for one in transcripts:
        moves = one["attributes"].get("refined", "")
        left_out = [int(number) for number in re.findall(r"exon(\d+):left_out", moves)]
        written = len(one["CDS"]) + len(left_out)
        numbers = [n for n in range(1, written + 1) if n not in left_out]
        along = sorted(zip(one["CDS"], one["scores"], strict=True), reverse=one["strand"] == "-")
        for n, (part, score) in zip(numbers, along, strict=True):
            is_first, is_last = n == numbers[0], n == numbers[-1]
            names = ["start" if is_first else f"acceptor{n}", "stop" if is_last else f"donor{n}"]
            place = {(1, 1): "only", (1, 0): "first", (0, 1): "last"}.get(
                (is_first, is_last), "internal"
            )
            moved = any(f"{name}:" in moves for name in names)
            gene = one["attributes"]["GM"]
            yield place, float(score), moved, (gene, part) in input_parts


LEVELS = {"0.99 to 1": 0.99, "0.9 to 0.99": 0.9, "0.5 to 0.9": 0.5, "0.1 to 0.5": 0.1}


def level(probability):
    return next((name for name, least in LEVELS.items() if probability >= least), "below 0.1")


def test_probabilities(run):
    folder, gff3, page = run
    transcripts = transcripts_of(gff3, predicted=True)
    given = {
        (one["gene"], part)
        for one in transcripts_of(folder / "genes.gff3", predicted=False)
        for part in one["CDS"]
    }
    parts = list(coding_parts(transcripts, given))
    assert {moved for _, _, moved, _ in parts} == {known for *_, known in parts} == {True, False}
    genes = {one["gene"]: float(one["attributes"]["confidence"]) for one in transcripts}
    isoforms = [float(one["attributes"]["isoform_probability"]) for one in transcripts]
    expected = {
        name: [
            sum(level(one) == name for one in genes.values()),
            sum(level(one) == name for one in isoforms),
            sum(level(one) == name and not moved for _, one, moved, _ in parts),
            sum(level(one) == name and not moved and known for _, one, moved, known in parts),
        ]
        for name in [*LEVELS, "below 0.1"]
    }
    moved = [known for _, _, was_moved, known in parts if was_moved]
    expected["moved by refinement"] = ["–", "–", len(moved), sum(moved)]
    known = sum(one for *_, one in parts)
    expected["all"] = [len(genes), len(isoforms), len(parts), known]
    assert page.rows("probabilities") == {
        name: [*map(str, row), percent(row[3], row[2]) if row[2] else "–"]
        for name, row in expected.items()
    }

    found = page.rows("ends")
    for title, row in found.items():
        mine = [one for one in parts if one[0] == title.split(":")[0]]
        written = [probability for _, probability, was_moved, _ in mine if not was_moved]
        unlikely = sum(one < 0.5 for one in written)
        assert row == [
            str(len(mine)),
            str(len(mine) - len(written)),
            f"{statistics.median(written):.3f}" if written else "–",
            str(unlikely),
            percent(unlikely, len(written)) if written else "–",
        ]
    assert sum(int(row[0]) for row in found.values()) == len(parts)


def headline(page, name):
    """Value and detail of a figure at the head of the page."""
    at = next(i for i, text in enumerate(page.text) if text.strip() == name)
    return page.text[at - 1], page.text[at + 1]


def test_the_figures_at_the_head_of_the_page(run, lines):
    folder, gff3, page = run
    transcripts = transcripts_of(gff3, predicted=True)
    values = [one["attributes"] for one in transcripts]
    pairs = [tuple(map(int, one["canonical_splice"].split("/"))) for one in values]
    confidence = sorted({one["GM"]: float(one["confidence"]) for one in values}.values())
    given = {
        (one["gene"], tuple(sorted(one["CDS"])))
        for one in transcripts_of(folder / "genes.gff3", predicted=False)
    }
    output = {
        (
            one["attributes"]["ID"].removeprefix("mRNA:").rpartition(".t")[0],
            tuple(sorted(one["CDS"])),
        )
        for one in transcripts_of(gff3, predicted=False)
    }
    scores = [float(score) for one in transcripts for score in one["scores"]]
    isoforms = [float(one["isoform_probability"]) for one in values]
    genes = sum(c[2] == "gene" for c, _ in rows_of(folder / "genes.gff3"))

    def of(part, whole):
        return f"{percent(part, whole)}%", f"{part} of {whole}"

    complete = sum(one["orf"] == "complete" for one in values)
    assert headline(page, "of the input’s genes annotated") == of(len(confidence), genes)
    lost, _ = headline(page, "genes without a gene model")
    assert lost == str(genes - len(confidence))
    found = headline(page, "complete reading frames")
    assert found == (of(complete, len(values))[0], f"{complete} of {len(values)} transcripts")
    assert headline(page, "introns with canonical ends") == of(
        sum(a for a, _ in pairs), sum(b for _, b in pairs)
    )
    for name, some in (
        ("isoforms with most of the probability", isoforms),
        ("coding parts with likely ends", scores),
    ):
        value, detail = headline(page, name)
        expected, count = of(sum(one >= 0.5 for one in some), len(some))
        assert value == expected
        assert detail.startswith(count)
    assert headline(page, "median confidence") == (
        f"{statistics.median(confidence):.3f}",
        f"from {confidence[0]:.3f} to {confidence[-1]:.3f}",
    )
    exact = len(given & output)
    assert headline(page, "of the input’s coding structures found exactly") == of(exact, len(given))


def test_structure(run):
    folder, gff3, page = run
    sides = [
        transcripts_of(gff3, predicted=True),
        transcripts_of(folder / "genes.gff3", predicted=False),
    ]
    numbers = page.rows("structure")
    for side, found in enumerate(sides):
        mono = sum(len(one["exon"]) == 1 for one in found)
        multi = len(found) - mono
        assert numbers["Coding genes"][side] == str(len({one["gene"] for one in found}))
        assert numbers["Coding transcripts"][side] == str(len(found))
        assert numbers["Mono-exonic transcripts"][side] == str(mono)
        assert numbers["Multi-exonic transcripts"][side] == str(multi)
        assert numbers["Mono- to multi-exonic ratio"][side] == f"{mono / multi:.2f}"
    both = [measures(found) for found in sides]
    expected = {
        name: [
            shown(value)
            for values in (one[name] for one in both)
            for value in (
                len(values),
                statistics.fmean(values) if values else None,
                float(statistics.median(values)) if values else None,
            )
        ]
        for name in both[0] | both[1]
    }
    assert page.rows("lengths") == expected


def test_genes_by_sequence(run, lines):
    _, gff3, page = run
    annotated = Counter(c[0] for c, a in rows_of(gff3) if c[2] == "gene" and "kept" not in a)
    genes = {
        one["gm_id"]: one for one in lines if one["gm_id"] not in {"two"}
    }  # "two" lost an isoform only
    rejected = Counter(one["chrom"] for one in genes.values() if one["pred_raw"])
    skipped = Counter(one["chrom"] for one in genes.values() if one["pred_raw"] is None)
    found = page.rows("sequences")
    rest = sorted(LENGTHS, key=LENGTHS.get)[: len(LENGTHS) - 24]
    assert found.pop("8 other sequences") == [shown(sum(map(LENGTHS.get, rest))), "0", "0", "0"]
    totals = [sum(LENGTHS.values()), *(sum(c.values()) for c in (annotated, rejected, skipped))]
    assert found.pop("all sequences") == list(map(shown, totals))
    expected = {
        name: list(map(shown, [n, annotated[name], rejected[name], skipped[name]]))
        for name, n in LENGTHS.items()
        if name not in rest
    }
    assert found == expected


def test_files_and_times(run):
    folder, _, page = run
    for row in page.tables["files"][1:]:
        path = folder / row[1]
        assert row[3] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert row[2] == ("1,234" if row[0] == "genome" else f"{path.stat().st_size:,}")
    assert page.rows("time")["all stages"] == ["64.5"]


def test_changes_add_up(run):
    _, _, page = run
    rows = page.rows("changes")
    total = int(rows.pop("all")[0])
    assert total == sum(int(row[0]) for row in rows.values()) == 8
    assert int(rows["unchanged"][0]) >= 3


def agreement(found, expected):
    both = len(found & expected)
    sensitivity, precision = (100 * both / len(side) for side in (expected, found))
    f1 = 2 * sensitivity * precision / (sensitivity + precision)
    counts = (both, len(expected), both, len(found))
    return [*(f"{value:.1f}" for value in (sensitivity, precision, f1)), *map(shown, counts)]


def test_agreement_with_the_input(run):
    folder, gff3, page = run
    for table, kind in (("levels-cds", "CDS"), ("levels-exons", "exon")):
        sides = []
        for path in (gff3, folder / "genes.gff3"):
            sides.append(parts := defaultdict(set))
            chains = defaultdict(list)
            for columns, attributes in rows_of(path):
                if columns[2] == kind:
                    place, part = (columns[0], columns[6]), (int(columns[3]), int(columns[4]))
                    parts["base"] |= {(*place, base) for base in range(part[0], part[1] + 1)}
                    chains[place, attributes["Parent"]].append(part)
            for (place, _), exons in chains.items():
                introns = [(left[1], right[0]) for left, right in pairwise(sorted(exons))]
                parts["intron"] |= {(*place, *intron) for intron in introns}
        rows = page.rows(table)
        for name in ("base", "intron"):
            assert rows[name] == agreement(*(side[name] for side in sides)), (table, name)
    codes = {row[0]: row[2] for row in page.tables["class-codes"][1:]}
    written = sum(columns[2] in ("mRNA", "transcript") for columns, _ in rows_of(gff3))
    total = int(codes.pop("all"))
    assert total == sum(map(int, codes.values())) == written
