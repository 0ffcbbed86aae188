import pytest
import torch

from transgenic_dagster.inference.beam_step import BeamTables, StepInputs, write_tokens


@pytest.mark.parametrize("do_sample", [False, True])
@pytest.mark.parametrize("constrained", [False, True])
def test_a_step_reads_nothing_back(constrained, do_sample):
    """On the meta device there is nothing to read, and what tries to is an error."""
    regions, beams, vocabulary = 3, 2, 60
    tables = BeamTables.empty(regions, beams, 9, "meta")
    shape = regions * beams, vocabulary
    allowed = torch.ones(shape, dtype=torch.bool, device="meta") if constrained else None
    noise = None
    if do_sample:
        noise = torch.ones(regions, beams * vocabulary, dtype=torch.double, device="meta")
    write_tokens(tables, StepInputs(torch.zeros(shape, device="meta"), allowed, noise))
