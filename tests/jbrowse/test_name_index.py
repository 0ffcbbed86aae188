"""Genes are found by every name that they have, whatever is in it, as JBrowse looks."""

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.jbrowse.trix_reader import look_up, order, places_of
from transgenic_dagster.input_genes.gff3 import encode_attribute, encode_seqid
from transgenic_dagster.jbrowse.name_index import NameIndex

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


def row(attributes, seqid="chr1", start=11, end=20):
    return f"{seqid}\tx\tgene\t{start}\t{end}\t.\t+\t.\t{attributes}\n"


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=12, unique=True), NAMES)
@example(['a|b,"c"', "\U0001f33f", "\uff21", "%2C", "A b"], "chr|1,:")
def test_every_word_of_a_name_leads_to_its_gene(names, seqid):
    index = NameIndex()
    for number, name in enumerate(names, 1):
        attributes = f"ID=gene:{number};Name={encode_attribute(name)}"
        index.add("input", row(attributes, encode_seqid(seqid), number, number + 5))
    with tempfile.TemporaryDirectory() as folder:
        index.write(Path(folder))
        for number, name in enumerate(names, 1):
            for word in name.strip(" ").lower().replace(",", " ").split():
                found = look_up(Path(folder), word)
                places = [record for record in found if record[-1] == f"gene:{number}"]
                assert places[0][:2] == [f"{seqid}:{number}..{number + 5}", "input"]
                assert name.strip(" ") in places[0][2:]


def test_a_long_index_is_read_from_the_nearest_place_on(tmp_path):
    index = NameIndex()
    for number in range(3000):
        index.add("prediction", row(f"ID=gene:AT{number:05};GM=AT{number:05}"))
    index.write(tmp_path)
    places = places_of(tmp_path)
    assert len(places) > 2
    assert places == sorted(places, key=lambda place: order(place[0]))
    for number in (0, 1, 1500, 2999):
        expected = ["chr1:11..20", "prediction", f"AT{number:05}", f"gene:AT{number:05}"]
        assert look_up(tmp_path, f"at{number:05}") == [expected]
    assert len(look_up(tmp_path, "AT0200")) == 10


def test_only_features_without_a_parent_have_names(tmp_path):
    index = NameIndex()
    for attributes in ("ID=m;Parent=g", "Parent=g;Name=m", "note=x"):
        index.add("input", row(attributes))
    index.add("input", "##gff-version 3\n")
    index.add("input", row("ID=g;Alias=old,older"))
    index.write(tmp_path)
    words = [line.split()[0] for line in (tmp_path / "names.ix").read_text().splitlines()]
    assert words == ["g", "old", "older"]
