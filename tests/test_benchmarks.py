import pytest

from benchmarks import (
    bench_around,
    bench_cores,
    bench_engine,
    bench_evaluate,
    bench_gpu,
    bench_growth,
    bench_precision,
    bench_score,
    bench_search,
    bench_step,
)

FEW = (
    "--size tiny --length 600 --regions 3 --batch_size 2 --tokens 6 --published_tokens 3 "
    "--threads 1"
)
LITTLE = "--device cpu --size tiny --precision fp32 --regions 2 --tokens 4 --batch_sizes 1,2"


def test_the_engine_is_compared_with_the_published_way(capsys):
    ratios = bench_engine.main(FEW.split())
    assert "published_cost (1 regions, 3 tokens)" in capsys.readouterr().out
    assert all(ratio > 0 for ratio in ratios.values())


def test_what_is_measured_on_gpus_can_be_tried_on_a_cpu(capsys):
    bench_gpu.main(LITTLE.split())
    printed = capsys.readouterr().out
    assert "demo model, trained: fp32 on the device gives 48 of 48 sentences" in printed
    assert "engine (fp32, 2 at once)" in printed
    assert "44,000 regions of this mix" in printed
    assert "2 regions at once" in printed


def test_what_the_search_costs_the_host_is_measured(capsys):
    hosts = bench_search.main(["--steps", "3"])
    assert set(hosts) == {8, 32, 128, 512}
    assert "before" in capsys.readouterr().out


def test_slow_growth_shows_in_the_last_quarter(capsys):
    looks = [bench_growth.Look(16 * i, 2.0 * i, 100) for i in range(1, 76)]
    looks += [bench_growth.Look(16 * i, 150 + 3.0 * (i - 75), 120) for i in range(76, 101)]
    ratios = bench_growth.report(looks)
    assert ratios["time per region, last / second quarter"] == pytest.approx(1.5)
    assert ratios["memory, last / second quarter"] == pytest.approx(1.2)
    assert "quarter 4: 400 regions, 187.5 ms per region" in capsys.readouterr().out


def test_an_evaluation_is_measured_on_made_up_annotations(capsys):
    seconds = bench_evaluate.main(["--genes", "40"])
    assert set(seconds) == {"read", "evaluate", "change log"}
    assert "50 reference transcripts" in capsys.readouterr().out


def test_scoring_is_measured_against_predicting(monkeypatch, capsys):
    monkeypatch.setattr(bench_score, "demo_work", lambda: bench_score.random_work(2, 600, 3))
    arguments = "--size tiny --regions 2 --length 600 --exons 4 --repeats 1 --threads 1"
    ratios = bench_score.main(arguments.split())
    assert set(ratios) == {"demo", "tiny"}
    assert all(ratio > 0 for ratio in ratios.values())
    assert "predict / score" in capsys.readouterr().out


def test_bf16_hardly_changes_probabilities_even_of_random_weights(capsys):
    found = bench_precision.main(["--only", "golden"])["golden"]
    assert 0 < found.log_probability < 0.06
    assert "of the sentences" in capsys.readouterr().out


def test_ways_to_split_the_cores_are_measured(capsys):
    ratios = bench_cores.main(["--size", "tiny", "--cores", "2", "--rounds", "1"])
    assert ratios.keys() == {1, 2}
    assert ratios[2] > 0
    assert "2 processes (1 + 1 threads)" in capsys.readouterr().out


def test_the_work_around_the_model_is_measured(capsys):
    parts = bench_around.main(["--copies", "1"])
    assert all(milliseconds > 0 for milliseconds in parts.values())
    assert "journal: " in capsys.readouterr().out


def test_a_group_of_modules_alone_changes_less_than_all_in_bf16():
    found = bench_precision.by_group("bf16", {"downsampling": r".*\.downsample", "none": "-"})
    assert 0 < found["downsampling"] < 0.03
    assert found["none"] < 1e-5  # products of packed weights are summed in another order


def test_a_step_is_measured_by_its_parts_beside_another_revision(capsys):
    few = "--width 48 --layers 1 --regions 2 --length 600 --tokens 9 --turns 1"
    ratios = bench_step.main([*few.split(), "--before", str(bench_step.THIS_TREE)])
    assert ratios.keys() == {bench_step.WHOLE, *(name for *_, name in bench_step.PARTS)}
    assert all(ratio > 0 for ratio in ratios.values())
    assert "before\tnow" in capsys.readouterr().out
