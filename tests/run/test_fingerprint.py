from typing import get_args

from tests import golden
from transgenic_dagster.cli.annotate_parser import annotate_parser
from transgenic_dagster.options import (
    SENTENCES,
    AnnotateOptions,
    Stage,
    option,
    option_extra,
)
from transgenic_dagster.run.fingerprint import (
    InputDigests,
    code_version,
    whole_fingerprint,
)
from transgenic_dagster.run.model_and_devices import find_model_and_devices
from transgenic_dagster.system.digested_files import DigestedFiles

GIVEN = {
    "fasta_file": "genome.fa",
    "gff_file": "genes.gff3",
    "model": str(golden.TINY_CHECKPOINT),
    "max_length": 64,
    "device": "cpu",
}
DIGESTS = InputDigests(DigestedFiles((), "0" * 64, 0, ()), DigestedFiles((), "1" * 64, 0, ()))


class WithOneMore(AnnotateOptions):
    """The options with a new one, as somebody would add it."""

    shade: int = option(3, SENTENCES, "depth of shade", "N", affects_results=True)


def fingerprint(options):
    return whole_fingerprint(options, DIGESTS, find_model_and_devices(options))


def test_a_new_option_that_affects_results_is_in_fingerprint_code_version_and_help():
    light, dark = WithOneMore(**GIVEN), WithOneMore(**GIVEN, shade=4)
    assert fingerprint(light).diff(fingerprint(dark)) == {"shade": ("3", "4")}
    assert code_version(light) != code_version(dark)
    assert code_version(light, Stage.REGIONS) == code_version(dark, Stage.REGIONS)
    help_text = " ".join(annotate_parser(WithOneMore).format_help().split())
    assert "--shade N depth of shade (default: 3)" in help_text


def test_every_option_that_affects_results_changes_fingerprint_or_results():
    other = {"sorter": "agat", "window_rule": "published", "precision": "bf16", "do_sample": True}
    other |= {"names_from": __file__, "locus_prefix": "ATX1"}
    for name, field in AnnotateOptions.model_fields.items():
        if "stage" not in option_extra(field):
            continue
        more = {"do_sample": True} if name == "seed" else {}
        more |= {"locus_prefix": "ATX1"} if name == "names_from" else {}
        before = AnnotateOptions(**GIVEN, **more)
        value = other.get(name) or _another(name, getattr(before, name))
        after = AnnotateOptions(**GIVEN | more | {name: value})
        assert code_version(before) != code_version(after), name
        stage = option_extra(field)["stage"]
        values = [options.affecting_results(stage).get(name) for options in (before, after)]
        assert values[0] != values[1], name
        if stage != Stage.RESULTS:
            assert name in fingerprint(before).diff(fingerprint(after)), name


def test_options_that_change_no_result_change_no_fingerprint():
    before = AnnotateOptions(**GIVEN)
    after = AnnotateOptions(**GIVEN, batch_size=3, num_workers=0, output="x.gff3", keep_db=True)
    assert fingerprint(before) == fingerprint(after)
    assert code_version(before) == code_version(after)


def test_a_seed_counts_only_where_it_is_used():
    assert code_version(AnnotateOptions(**GIVEN)) == code_version(AnnotateOptions(**GIVEN, seed=7))


def _another(name, value):
    if isinstance(value, str):
        choices = get_args(AnnotateOptions.model_fields[name].annotation)
        return next(choice for choice in choices if choice != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1 if isinstance(value, int) else 0.5
    return (*value, "pseudogene")
