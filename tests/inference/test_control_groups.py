import pytest
import torch

from transgenic_dagster.inference import control_groups
from transgenic_dagster.inference.control_groups import memory_limits
from transgenic_dagster.inference.device import memory_of

V1_UNLIMITED = 9223372036854771712


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without control groups; ``write`` adds files under its /sys/fs/cgroup."""
    monkeypatch.setattr(control_groups, "PROCESS_GROUPS", tmp_path / "self")
    monkeypatch.setattr(control_groups, "GROUPS", tmp_path / "groups")

    def write(groups, limits):
        (tmp_path / "self").write_text(groups)
        for name, text in limits.items():
            path = tmp_path / "groups" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")

    return write


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        ("0::/job/step\n", {"job/step/memory.max": 7, "job/memory.max": 5}, [7, 5]),
        ("0::/job/step\n", {"job/step/memory.max": "max", "job/memory.max": 5}, [5]),
        ("0::/job\n", {"memory.max": 9, "other/memory.max": 1}, [9]),
        ("0::/\n", {"memory.max": 9}, [9]),
        ("0::/../../elsewhere\n", {"memory.max": 9}, [9]),
        ("0::/odd:name\n", {"odd:name/memory.max": 3}, [3]),
        (
            "12:cpu,cpuacct:/cpu\n9:memory:/slurm/job_1\n0::/\n",
            {
                "memory/slurm/job_1/memory.limit_in_bytes": 4,
                "memory/memory.limit_in_bytes": V1_UNLIMITED,
                "memory/cpu/memory.limit_in_bytes": 1,
            },
            [4, V1_UNLIMITED],
        ),
        ("9:memory:/docker/abc\n", {"memory/memory.limit_in_bytes": 6}, [6]),
    ],
)
def test_limits_are_those_of_the_own_groups_up_to_the_root(machine, groups, limits, expected):
    machine(groups, limits)
    assert memory_limits() == expected


def test_without_control_groups_there_is_no_limit(machine):
    assert memory_limits() == []


def test_a_run_counts_on_no_more_than_its_own_group_has(machine):
    machine("0::/job\n", {"job/memory.max": 1 << 20})
    assert memory_of(torch.device("cpu")) == 1 << 20
