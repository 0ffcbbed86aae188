import pytest

from transgenic_dagster.demo.assembly import write_assembly


@pytest.fixture(scope="session")
def assembly(tmp_path_factory):
    return write_assembly(tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="session")
def genes_by_id(assembly):
    return {gene.gene_id: gene for gene in assembly.genes}
