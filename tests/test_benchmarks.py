from benchmarks import bench_engine

FEW = "--size tiny --length 600 --regions 3 --at_once 2 --tokens 6 --published_tokens 3 --threads 1"


def test_the_engine_is_compared_with_the_published_way(capsys):
    ratios = bench_engine.main(FEW.split())
    assert "published_cost (1 regions, 3 tokens)" in capsys.readouterr().out
    assert all(ratio > 0 for ratio in ratios.values())
