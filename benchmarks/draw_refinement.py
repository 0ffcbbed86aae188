"""Draws one gene on the forward strand before and after refinement, as SVG.

The gene is one whose predicted stop is off by a few bases: refinement moves the end of its last CDS
part to the first stop codon in frame. The annotation's transcript is drawn below for comparison.

    python -m benchmarks.draw_refinement genome.fa genes.gff3 predicted.gff3 AT4G00040 out.svg
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from transgenic_dagster.gene_models.qc import STOP_CODONS
from transgenic_dagster.sequences.dna import normalise
from transgenic_dagster.sequences.fasta import Genome, open_genome

WIDTH, LEFT, RIGHT = 860, 150, 24
CODING, UNTRANSLATED, WRONG, TEXT = "#2166ac", "#92c5de", "#b2182b", "#222"
CODONS_BEFORE, CODONS_AFTER = 5, 2
TRACK_HEIGHT = 46


class Part(NamedTuple):
    """A part of a transcript, 0-based half-open."""

    start: int
    end: int
    coding: bool


class Gene(NamedTuple):
    """The parts of one transcript, ascending."""

    seqid: str
    parts: tuple[Part, ...]

    @property
    def cds(self) -> list[Part]:
        """Coding parts, ascending."""
        return [part for part in self.parts if part.coding]


def read_gene(gff: Path, gene_id: str) -> Gene:
    """Read the first transcript of a gene: the rows from its mRNA to the next mRNA or gene."""
    seqid, parts, inside = "", [], False
    for line in gff.read_text().splitlines():
        columns = line.split("\t")
        if len(columns) < 9:
            continue
        if columns[2] in {"gene", "mRNA"}:
            if parts:
                break
            attributes = columns[8].split(";")
            inside = columns[2] == "mRNA" and bool(
                {f"GM={gene_id}", f"Parent={gene_id}"} & set(attributes)
            )
        elif inside and (columns[2] == "CDS" or columns[2].endswith("UTR")):
            if columns[6] != "+":
                raise SystemExit(f"{gene_id} lies on the reverse strand; choose another gene.")
            seqid = columns[0]
            parts.append(Part(int(columns[3]) - 1, int(columns[4]), columns[2] == "CDS"))
    if not parts:
        raise SystemExit(f"{gff} has no transcript of {gene_id}.")
    return Gene(seqid, tuple(sorted(parts)))


def stop_in_frame(gene: Gene, genome: Genome) -> int:
    """End of the first stop codon in frame, if that lies on the last coding exon."""
    last = gene.cds[-1]
    before = sum(part.end - part.start for part in gene.cds[:-1])
    start = last.start + -before % 3
    sequence = normalise(genome.fetch(gene.seqid, start, gene.parts[-1].end))
    for i in range(0, len(sequence) - 2, 3):
        if sequence[i : i + 3] in STOP_CODONS:
            return start + i + 3
    raise SystemExit("The last exon has no stop codon in frame; choose another gene.")


def with_stop_at(gene: Gene, end: int) -> Gene:
    """The gene with another end of its coding sequence; the UTR behind it follows."""
    last = gene.cds[-1]
    moved = {last.end: end}
    return Gene(
        gene.seqid,
        tuple(
            Part(moved.get(p.start, p.start), end if p is last else p.end, p.coding)
            for p in gene.parts
        ),
    )


def text(x: float, y: float, content: str, *, size: int = 13, **attributes: str) -> str:
    """A text element."""
    style = {"fill": TEXT, "font-size": str(size), **attributes}
    shown = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" {shown}>{content}</text>'


def draw_track(gene: Gene, label: str, y: float, first: int, scale: float) -> list[str]:
    """The exons of a transcript on a line of introns."""
    start = LEFT + (gene.parts[0].start - first) * scale
    end = LEFT + (gene.parts[-1].end - first) * scale
    drawn = [
        text(LEFT - 14, y + 5, label, text_anchor="end"),
        f'<line x1="{start:.1f}" x2="{end:.1f}" y1="{y}" y2="{y}" stroke="{TEXT}"/>',
    ]
    for part in gene.parts:
        height = 22 if part.coding else 12
        x, width = LEFT + (part.start - first) * scale, (part.end - part.start) * scale
        fill = CODING if part.coding else UNTRANSLATED
        drawn.append(
            f'<rect x="{x:.1f}" y="{y - height / 2}" width="{width:.1f}" height="{height}" '
            f'fill="{fill}"/>'
        )
    return drawn


def draw_codons(genome: Genome, seqid: str, predicted: int, refined: int, y: float) -> list[str]:
    """The bases around both ends, in codons; positions are 1-based, as in GFF3."""
    first = min(predicted, refined)
    first = refined - 3 * ((refined - first + 2) // 3 + CODONS_BEFORE)
    last = max(predicted, refined) + 3 * CODONS_AFTER
    bases = normalise(genome.fetch(seqid, first, last))
    step = (WIDTH - LEFT - RIGHT) / len(bases)

    def x(position: int) -> float:
        return LEFT + (position - first) * step

    drawn = [text(LEFT - 14, y + 6, "bases, in codons", text_anchor="end")]
    for start in range(first, last - 2, 3):
        stop = start + 3 == refined
        fill = CODING if stop else ("#e8eef5" if start < refined else "#f4f4f4")
        drawn.append(
            f'<rect x="{x(start) + 1:.1f}" y="{y - 14}" width="{3 * step - 2:.1f}" height="28" '
            f'rx="3" fill="{fill}"/>'
        )
        for i, base in enumerate(bases[start - first : start - first + 3]):
            colour = "#fff" if stop else TEXT
            middle, style = x(start + i) + step / 2, {"font_family": "monospace", "fill": colour}
            drawn.append(text(middle, y + 5, base, size=15, text_anchor="middle", **style))
    for position, label, colour, side in (
        (predicted, f"model output ends at {predicted:,}", WRONG, -1),
        (refined, f"refined end {refined:,}", CODING, 1),
    ):
        tip = y + side * 34
        drawn += [
            f'<line x1="{x(position):.1f}" x2="{x(position):.1f}" y1="{y + side * -14}" '
            f'y2="{tip}" stroke="{colour}" stroke-width="2"/>',
            text(
                x(position),
                tip + (15 if side > 0 else -6),
                label,
                text_anchor="middle",
                fill=colour,
            ),
        ]
    return drawn


def draw(genome: Genome, predicted: Gene, annotated: Gene, gene_id: str) -> str:
    """The whole picture."""
    end = stop_in_frame(predicted, genome)
    refined = with_stop_at(predicted, end)
    move = end - predicted.cds[-1].end
    comparison = "the coding sequence is that of the annotation"
    if refined.cds != annotated.cds:
        comparison = "the coding sequence is not that of the annotation"
    first = min(predicted.parts[0].start, annotated.parts[0].start)
    last = max(predicted.parts[-1].end, annotated.parts[-1].end)
    scale = (WIDTH - LEFT - RIGHT) / (last - first)
    lines = [
        text(
            LEFT,
            28,
            f"{gene_id}, {predicted.seqid}:{first + 1:,}-{last:,}",
            size=15,
            font_weight="bold",
        ),
    ]
    y = 62.0
    for gene, label in (
        (predicted, "model output"),
        (refined, "refined"),
        (annotated, "annotation"),
    ):
        lines += draw_track(gene, label, y, first, scale)
        y += TRACK_HEIGHT
    lines += [
        text(LEFT, y - 12, f"orf=complete, refined=stop:{move:+d}: {comparison}"),
        text(LEFT, y + 6, "dark: coding, light: untranslated; positions as in GFF3"),
    ]
    y += 74
    lines += draw_codons(genome, predicted.seqid, predicted.cds[-1].end, end, y)
    height = y + 68
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'font-family="sans-serif" role="img">',
            f"<title>{gene_id} before and after refinement</title>",
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>',
            *lines,
            "</svg>\n",
        ]
    )


def main(fasta: Path, annotation: Path, prediction: Path, gene_id: str, output: Path) -> None:
    """Draw ``gene_id`` of both files into ``output``."""
    predicted, annotated = read_gene(prediction, gene_id), read_gene(annotation, gene_id)
    with tempfile.TemporaryDirectory() as scratch, open_genome(fasta, Path(scratch)) as genome:
        output.write_text(draw(genome, predicted, annotated, gene_id))


if __name__ == "__main__":
    if len(sys.argv) != 6:
        raise SystemExit(__doc__)
    main(*map(Path, sys.argv[1:4]), sys.argv[4], Path(sys.argv[5]))
