"""Small annotations for evaluations, written as GFF3 with 1-based closed coordinates."""

from transgenic_dagster.evaluation.annotation_reader import read_transcripts
from transgenic_dagster.evaluation.evaluate import evaluate_files

SEQID = "chr1"


def parts(text):
    return [tuple(map(int, part.split("-"))) for part in text.split(",") if part]


def transcript(name, exons, strand="+", cds="", gene=None, seqid=SEQID, source="test"):
    """GFF3 lines of a gene with one transcript; ``gene`` adds it to a gene written before."""
    intervals = parts(exons)
    start, end = min(intervals)[0], max(intervals)[1]
    head = f"{seqid}\t{source}"
    lines = [
        f"{head}\tmRNA\t{start}\t{end}\t.\t{strand}\t.\tID={name};Parent={gene or name + '.g'}"
    ]
    if gene is None:
        lines.insert(0, f"{head}\tgene\t{start}\t{end}\t.\t{strand}\t.\tID={name}.g")
    lines += [f"{head}\texon\t{a}\t{b}\t.\t{strand}\t.\tParent={name}" for a, b in intervals]
    lines += [f"{head}\tCDS\t{a}\t{b}\t.\t{strand}\t0\tParent={name}" for a, b in parts(cds)]
    return "\n".join(lines) + "\n"


def write(folder, name, *transcripts):
    path = folder / name
    path.write_text("##gff-version 3\n" + "".join(transcripts))
    return path


def annotation(folder, *transcripts, name="annotation.gff3"):
    return read_transcripts(write(folder, name, *transcripts))


def evaluated(folder, predicted, reference, genome=None):
    """Evaluate transcripts against transcripts, each a list of texts."""
    return evaluate_files(
        write(folder, "predicted.gff3", *predicted),
        write(folder, "reference.gff3", *reference),
        genome,
    )


def percentages(measures, name):
    level = measures.level(name)
    return round(level.sensitivity, 1), round(level.precision, 1)
