from pathlib import Path

import pytest

from transgenic_dagster.cli.annotate_parser import annotate_parser, with_underscores
from transgenic_dagster.errors import UsageError
from transgenic_dagster.options import GROUPS, AnnotateOptions
from transgenic_dagster.run.given_options import parse_options

INPUTS = {"fasta_file": "g.fa", "gff_file": "g.gff3"}


def parse(*arguments):
    values = vars(annotate_parser().parse_args(with_underscores(["g.fa", "g.gff3", *arguments])))
    return parse_options(values)


def test_defaults_are_those_of_the_published_script():
    options = parse()
    assert options.output == Path("transgenic_inference.gff3")
    assert options.reject_path == Path("transgenic_inference.gff3.rejects.txt")
    assert options.run_state_file == Path("transgenic_inference.gff3.ckpt.json")
    assert options.model == "jlomas/HyenaTransgenic-768L12A6-400M"
    assert (options.max_length, options.num_workers, options.prefetch_factor) == (2048, 2, 2)
    assert options.batch_size == "auto"
    assert not options.do_sample


@pytest.mark.parametrize("spelling", ["--max_length", "--max-length"])
@pytest.mark.parametrize("separator", [" ", "="])
def test_options_are_accepted_with_underscores_and_hyphens(spelling, separator):
    assert parse(*f"{spelling}{separator}64".split(" ")).max_length == 64


def test_values_keep_their_hyphens():
    assert parse("--output=a-b.gff3").output == Path("a-b.gff3")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("10:00", 600), ("02:00:00", 7200), ("1-00:00:01", 86_401)],
)
def test_time_limits_are_written_as_in_slurm(text, seconds):
    assert parse("--time-limit", text).time_limit == seconds


def test_feature_types_are_a_list():
    assert parse("--feature_types", "gene, pseudogene").feature_types == ("gene", "pseudogene")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch_size", "0"], "--batch_size: .*got '0'"),
        (["--batch_size", "many"], "--batch_size"),
        (["--max_length", "x"], "--max_length: .*got 'x'"),
        (["--num_beams", "0"], "--num_beams"),
        (["--device", "tpu"], "--device: devices are cpu, cuda, cuda:N, several as in"),
        (["--device", "cpu,cuda:0"], "--device: devices are cpu, cuda, cuda:N, several as in"),
        (["--device", "cuda:1,cuda:1"], "--device: a GPU is named twice"),
        (["--time_limit", "soon"], "--time_limit: a duration"),
        (["--feature_types", ","], "--feature_types"),
        (["--resume", "--overwrite"], "exclude each other"),
        (["--no_sort", "--sorter", "agat"], "exclude each other"),
    ],
)
def test_a_wrong_value_gives_one_sentence_that_names_it(arguments, message):
    with pytest.raises(UsageError, match=message) as error:
        parse(*arguments)
    assert "\n" not in str(error.value)


def test_every_option_stands_in_a_group_of_the_help():
    text = annotate_parser().format_help()
    for group in GROUPS:
        assert f"\n{group}:" in text
    for name in AnnotateOptions.model_fields.keys() - INPUTS.keys():
        assert f"--{name}" in text
    assert "exit codes" in text


def test_unknown_options_are_refused():
    with pytest.raises(UsageError, match="no_such"):
        parse_options(INPUTS | {"no_such": 1})
