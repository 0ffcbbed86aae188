import io
import json

from gene_builders import decode, region, sentence
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.gene_models.rejects import Reject, write_reject
from transgenic_dagster.input_genes.gene import SkippedInput

KEYS = [
    "gm_id",
    "chrom",
    "start",
    "pred_raw",
    "pred_clean",
    "error",
    "end",
    "reason",
    "gene_start",
    "gene_end",
    "strand",
    "transcript",
]


def line_of(reject):
    handle = io.StringIO()
    write_reject(handle, reject)
    return handle.getvalue()


def test_a_rejected_sentence_is_reported_with_the_published_keys_and_ours():
    _, (reject,) = decode("1|CDS1|4|+|A>CDS1;CDS2")
    report = json.loads(line_of(reject))

    assert list(report) == KEYS
    assert report == {
        "gm_id": "gene1",
        "chrom": "Chr1",
        "start": 5000,
        "pred_raw": "<s>1|CDS1|4|+|A>CDS1;CDS2",
        "pred_clean": "1|CDS1|4|+|A>CDS1;CDS2",
        "error": "unknown_feature: transcript 2 names 'CDS2', which the sentence does not define",
        "end": 11144,
        "reason": "unknown_feature",
        "gene_start": 5100,
        "gene_end": 5400,
        "strand": "+",
        "transcript": 2,
    }


def test_a_bad_row_is_reported_with_its_line_and_null_for_what_it_lacks():
    skipped = SkippedInput("bad_row", "line 17: the row has 7 columns where GFF3 needs 9.", line=17)
    report = json.loads(line_of(Reject.from_skipped_input(skipped)))

    assert list(report) == KEYS
    assert report["error"] == "bad_row: line 17: the row has 7 columns where GFF3 needs 9."
    assert report["reason"] == "bad_row"
    unknown = set(KEYS) - {"error", "reason", "strand"}
    assert all(report[key] is None for key in unknown)


def test_a_skipped_gene_keeps_its_place_and_needs_no_line():
    skipped = SkippedInput("window_too_long", "Too long.", 0, "g1", "Chr1", 0, 60000, "-")
    report = json.loads(line_of(Reject.from_skipped_input(skipped)))

    assert report["error"] == "window_too_long: Too long."
    place = [report[key] for key in ("gm_id", "chrom", "gene_start", "gene_end", "strand")]
    assert place == ["g1", "Chr1", 0, 60000, "-"]


def test_letters_outside_ascii_stay_readable():
    reject = Reject.from_sentence(region(gene_id="gène-ß"), sentence(""), "unparsable", "empty")
    assert '"gène-ß"' in line_of(reject)


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_any_text_is_one_line_of_json_in_utf8(text):
    reject = Reject.from_sentence(region(gene_id=text), sentence(text), "unparsable", text)
    line = line_of(reject)

    assert line.endswith("}\n")
    assert line.count("\n") == 1
    assert json.loads(line.encode("utf-8"))["gm_id"] == text
