"""The Galaxy form offers what the program offers: the same options, defaults, choices, ranges."""

import re
from typing import get_args

import annotated_types
import pytest

from galaxy_tool import outcome
from tests.galaxy import form
from transgenic_dagster import __version__
from transgenic_dagster.evaluation import change_log
from transgenic_dagster.gene_models import gsf_table, refinement_table, score_table
from transgenic_dagster.lifting import lifted_files
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.quality import submission
from transgenic_dagster.run.judging_options import ScoreOptions

FIXED = {
    "output": "--output annotation.gff3",
    "reject_output": "--reject_output rejects.jsonl",
    "report": "--report report.html",
    "gsf_output": "--gsf_output sentences.tsv",
    "proteins": "--proteins proteins.fasta",
    "cds": "--cds cds.fasta",
    "cdna": "--cdna cdna.fasta",
    "gtf": "--gtf annotation.gtf",
    "refinements": "--refinements refinements.tsv",
    "complete": "--complete",
    "checkpoint_path": "--checkpoint_path summary.json",
    "changes": "--changes changes.tsv",
    "check_submission": "--check_submission submission.tsv",
    "offline": "--offline",
    "num_workers": '--num_workers "\\$READERS"',
    "work_folder": "--work_folder \"\\$TRANSGENIC_RUNS\"/'$annotation.dataset.id'",
    "resume": "--resume",
}
"""Options that the wrapper sets, and how."""

MADE_BY_OUTCOME = {"rejects": "rejects.tsv"}
"""Results that ``outcome.py`` makes of the program's."""

NOT_FOR_GALAXY = {
    "quality": "outside programs would have to be installed where jobs run",
    "index": "Galaxy makes the indexes that its browsers need",
    "jbrowse": "Galaxy has a JBrowse tool of its own, which the workflow uses",
    "plan": "prints to the terminal, and a form's run is wanted, not planned",
    "keep_db": "the region database is for looking into a run's folder, which Galaxy removes",
    "sorter": "AGAT would have to be installed too, and sorts no better",
    "revision": "installed models are folders, which have no revisions",
    "device": "the job's destination decides: the program takes the GPU where it finds one",
    "compile": "needs a compiler where jobs run",
    "batch_size": "follows the memory that the job was given",
    "prefetch_factor": "changes no result and hardly the time",
    "overwrite": "every job has a folder of its own",
    "time_limit": "the destination's own limit counts, and what is done then can be kept",
}
"""Options that the form leaves at their defaults, and why."""

# How the form says what the program takes in another form, or limits what the model limits.
ASKED_IN_OTHER_WORDS = {"fasta_file", "gff_file", "lift_from", "model", "names_from"}
LIMITED_BY_THE_MODEL = {"max_length": (2, 2048)}

LIFTED_TABLE = "annotation.gff3.lifted.tsv"
"""Table that comes with lifted genes."""

FIELDS = AnnotateOptions.model_fields
COMMAND = form.tool().findtext("command") or ""


def offered():
    return {
        parameter.option: parameter.element
        for parameter in form.parameters()
        if parameter.element.get("argument")
    }


def options_of(element):
    return [option.get("value") for option in element.findall("option")]


def wanted_outputs():
    (outputs,) = (p.element for p in form.parameters() if p.path == "outputs")
    return options_of(outputs)


def test_every_option_is_offered_or_fixed_or_left_out_for_a_reason():
    groups = (set(offered()), set(FIXED), set(NOT_FOR_GALAXY))
    assert set.union(*groups) == set(FIELDS)
    assert sum(map(len, groups)) == len(FIELDS)


@pytest.mark.parametrize("name", sorted(set(offered()) - ASKED_IN_OTHER_WORDS))
def test_an_offered_option_has_the_programs_default_choices_and_range(name):
    element, field = offered()[name], FIELDS[name]
    if field.annotation is bool and element.get("type") == "boolean":
        assert (element.get("checked") == "true") is field.default
        assert (element.get("truevalue"), element.get("falsevalue")) == (f"--{name}", "")
    elif field.annotation is bool:
        assert options_of(element) == ["no", "yes"]
        assert form.default_of(element) == ("yes" if field.default else "no")
    elif field.annotation is int:
        limits = {type(item): item for item in field.metadata}
        low, high = limits.get(annotated_types.Ge), limits.get(annotated_types.Le)
        programs = (low and low.ge, high and high.le)
        forms = tuple(int(v) if (v := element.get(k)) else None for k in ("min", "max"))
        assert forms == LIMITED_BY_THE_MODEL.get(name, programs)
        assert (programs[0], element.get("value")) == (forms[0], str(field.default))
    elif field.annotation is float:
        limits = {type(item): item for item in field.metadata}
        programs = (limits[annotated_types.Ge].ge, limits[annotated_types.Le].le, field.default)
        assert programs == tuple(float(element.get(name)) for name in ("min", "max", "value"))
    elif element.get("type") == "text":
        assert element.get("value") == ",".join(field.default)
    else:
        assert options_of(element) == list(get_args(field.annotation))
        assert form.default_of(element) == field.default


def test_the_command_sets_every_offered_option():
    for parameter in form.parameters():
        name, element = parameter.option, parameter.element
        if name not in offered() or name in {"fasta_file", "gff_file"}:
            continue
        switch = "$" + parameter.path.replace("|", ".")
        flag = switch if element.get("type") == "boolean" else f"--{name}"
        assert re.search(re.escape(flag) + r"\b", COMMAND), name


def test_the_command_sets_every_fixed_option():
    for name, words in FIXED.items():
        assert words in COMMAND, name
    assert wanted_outputs() == [
        "report",
        "rejects",
        "reject_output",
        "gsf_output",
        "proteins",
        "cds",
        "cdna",
        "gtf",
        "refinements",
        "changes",
        "check_submission",
    ]


def test_every_result_that_can_be_wanted_becomes_an_output():
    outputs = form.tool().findall("outputs/data")
    written = {data.get("from_work_dir") for data in outputs}
    assert written == {"scores.tsv", LIFTED_TABLE} | {
        MADE_BY_OUTCOME.get(name) or FIXED[name].split()[1]
        for name in ("output", *wanted_outputs())
    }
    filters = {data.findtext("filter") for data in outputs} - {None}
    wanted = {f"outputs and '{name}' in outputs" for name in ("rejects", "reject_output")}
    wanted |= {
        f"task != 'score' and outputs and '{name}' in outputs"
        for name in wanted_outputs()
        if name not in {"rejects", "reject_output", "changes"}
    }
    wanted |= {"task == 'predict' and outputs and 'changes' in outputs"}
    assert filters == wanted | {"task == 'score'", "lifting['source'] == 'other'"}
    assert all(data.find("actions/expand[@macro='dbkey']") is not None for data in outputs)
    columns = [action.get("default") for action in form.tool().iter("action")]
    tables = (
        score_table.COLUMNS,
        lifted_files.COLUMNS,
        outcome.COLUMNS,
        gsf_table.COLUMNS,
        refinement_table.COLUMNS,
        change_log.COLUMNS,
        submission.COLUMNS,
    )
    assert columns == [",".join(table) for table in tables]


def test_the_table_of_lifted_genes_is_where_the_program_writes_it():
    values = {"fasta_file": "g.fa", "lift_from": ("o.fa", "o.gff3"), "output": "annotation.gff3"}
    assert [str(path) for path in AnnotateOptions(**values).lifted_files][1] == LIFTED_TABLE


def test_scores_take_no_option_that_their_program_lacks():
    scoring = COMMAND.split("#if $task == 'score'")[2]
    branch, _, _ = scoring.partition("#else")
    common = COMMAND.partition("    #if $model_source.source")[2]
    given = set(re.findall(r"--(\w+)", branch + common))
    assert given <= set(ScoreOptions.of_program())
    assert "gff3" in given


def test_every_field_is_explained():
    for parameter in form.parameters():
        assert parameter.label, parameter.path
        assert len(parameter.help.split()) >= 5, parameter.path


def test_texts_for_biologists_are_in_their_terms():
    root = form.tool()
    texts = [
        value
        for element in root.iter()
        for name, value in element.items()
        if name in {"label", "help", "title", "message"}
    ]
    texts += [option.text for option in root.iter("option")]
    texts.append(root.findtext("help"))
    for text in texts:
        assert not re.search(r"\b(words?|sentences|rejected)\b", text, re.IGNORECASE), text
        assert "gene sentence" not in text


def test_the_outputs_are_named_as_users_know_them():
    names = [data.get("label").partition(": ")[2] for data in form.tool().iterfind("outputs/data")]
    assert names == [
        "gene models",
        "scores",
        "lifted genes",
        "report",
        "genes without a model (rejects)",
        "genes without a model (JSON lines)",
        "model output",
        "proteins",
        "coding sequences",
        "spliced sequences",
        "gene models (GTF)",
        "moved boundaries",
        "changes of genes",
        "check for submission",
    ]


def unquoted(command):
    """Parameters that a shell would see outside of single quotes, directives left out."""
    lines = (line for line in command.splitlines() if not line.strip().startswith("#"))
    bare = re.sub(r"'[^'\n]*'", "", "\n".join(lines))
    return set(re.findall(r"(?<!\\)\$\{?([A-Za-z_][\w.]*)", bare))


@pytest.mark.parametrize(
    "parameter",
    [p for p in form.parameters() if p.element.get("type") != "boolean"],
    ids=lambda parameter: parameter.path,
)
def test_a_parameter_without_its_quotes_is_noticed(parameter):
    switch = "$" + parameter.path.replace("|", ".")
    for quoted in re.findall(rf"'{re.escape(switch)}[\w.]*'", COMMAND):
        name = quoted.strip("'$")
        assert name in unquoted(COMMAND.replace(quoted, quoted.strip("'")))
        assert name in unquoted(COMMAND.replace(quoted, f"'a' {quoted.strip(chr(39))} 'b'"))


def test_every_text_of_a_user_is_quoted():
    switches = {
        p.path.replace("|", ".") for p in form.parameters() if p.element.get("type") == "boolean"
    }
    # Files that are named after datasets come as file_named gives them: quoted by shlex.
    files = {"fasta_file", "gff_file", "other_fasta_file", "archive_file", "model_folder"}
    assert unquoted(COMMAND) == {*switches, *files}
    assert "#return shlex.quote(" in form.tokens()["@DATASET_NAMES@"]
    assert set(re.findall(r"#set (\w+) = \$file_named\(", COMMAND)) == files
    for token in form.tokens().values():
        assert not unquoted(token), token


def test_versions_are_those_of_the_package():
    assert form.tokens()["@TOOL_VERSION@"] == __version__
    assert form.tool().get("version") == "@TOOL_VERSION@+galaxy@VERSION_SUFFIX@"
    recipe = (form.TOOL_FOLDER / "admin" / "meta.yaml").read_text()
    assert f'{{% set version = "{__version__}" %}}' in recipe
