import pytest
import torch

from transgenic_dagster.inference.device import memory_of
from transgenic_dagster.system import control_groups
from transgenic_dagster.system.control_groups import memory_limits, processor_limits
from transgenic_dagster.system.processors import granted_processors

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


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        ("0::/job\n", {"job/cpu.max": "150000 100000", "cpu.max": "max 100000"}, [1.5]),
        ("0::/\n", {"cpu.max": "800000 100000"}, [8]),
        (
            "4:cpu,cpuacct:/docker/a\n0::/\n",
            {
                "cpu/docker/a/cpu.cfs_quota_us": 400_000,
                "cpu/docker/a/cpu.cfs_period_us": 100_000,
                "cpu/cpu.cfs_quota_us": -1,
                "cpu/cpu.cfs_period_us": 100_000,
            },
            [4],
        ),
    ],
)
def test_limits_of_time_are_told_as_processors(machine, groups, limits, expected):
    machine(groups, limits)
    assert processor_limits() == expected


def test_without_control_groups_there_is_no_limit(machine):
    assert memory_limits() == processor_limits() == []


def test_a_run_counts_on_no_more_than_its_own_group_has(machine):
    machine("0::/job\n", {"job/memory.max": 1 << 20})
    assert memory_of(torch.device("cpu")) == 1 << 20


@pytest.mark.parametrize(
    ("granted", "quota", "expected"),
    [
        ("3", "100000 100000", 3),  # what the user says counts
        ("", "max 100000", 16),
        ("", "400000 100000", 4),
        ("", "50000 100000", 1),
        ("", "6400000 100000", 16),
    ],
)
def test_a_run_has_the_processors_that_its_job_was_given(
    machine, monkeypatch, granted, quota, expected
):
    machine("0::/job\n", {"job/cpu.max": quota})
    monkeypatch.setenv("OMP_NUM_THREADS", granted)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)))
    assert granted_processors() == expected
