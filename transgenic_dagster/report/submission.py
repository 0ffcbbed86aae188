"""The report's section on submission: what NCBI's table2asn would refuse, and what to do."""

from transgenic_dagster.quality.submission import Submission
from transgenic_dagster.quality.submission_problems import Problem
from transgenic_dagster.report.sections import Headline, Section
from transgenic_dagster.report.tables import Table, share


def submission_section(submission: Submission) -> Section:
    """Return the section."""
    genes, fit = submission.genes, submission.genes - submission.refused
    table = Table(
        "submission-problems",
        "What stands in the way of a submission to GenBank, by the rules of NCBI for table2asn. A "
        "gene can have several problems, and a problem several times. Short proteins are allowed.",
        ("Problem", "Found", "Genes", "% of genes", "What to do"),
        [
            (
                f"{problem}: {problem.meaning}",
                submission.problems[problem],
                submission.by_gene[problem],
                share(submission.by_gene[problem], genes),
                problem.remedy,
            )
            for problem in Problem
            if submission.by_gene[problem]
        ],
        frozenset({0, 4}),
    )
    percent = share(fit, genes)
    headline = Headline(
        "–" if percent is None else f"{percent:.1f}%",
        "of genes fit for submission",
        f"{fit:,} of {genes:,}: nothing that table2asn refuses",
    )
    texts = () if table.rows else ("No problem was found.",)
    return Section("submission", "Submission", texts, (table,) if table.rows else (), headline)
