"""Runs that are started over the API: hostile names, out of memory, faults, containers."""

import json
import os
import re
import signal
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bioblend.galaxy import GalaxyInstance

from tests.galaxy.containers import GPU, OUTSIDE, RUNTIMES
from tests.galaxy.fake_hub import MODEL
from tests.galaxy.form import TOOL_FOLDER
from tests.galaxy.renamed_tool import renamed_id
from tests.galaxy.server import AFTER_OUT_OF_MEMORY, FIRST, Destination, Galaxy
from tests.galaxy.workflow import our_part
from tests.waiting import PATIENCE_SECONDS

TEST_DATA = TOOL_FOLDER / "test-data"
HOSTILE = 'it\'s; $(touch executed) `touch executed` && "touch executed" | rm -rf $HOME #'
DEMO_GENES = 46
DEMO_OUTCOME = "50 genes: 46 annotated, 2 no gene model, 2 skipped"
FETCHED = MODEL.replace("/", "--")
"""Identifier, in the data table, of the model that the data manager fetches."""


class History:
    """One history of the user, with the demo's genome and genes in it."""

    def __init__(self, galaxy: Galaxy) -> None:
        self.galaxy = galaxy
        self.api = GalaxyInstance(galaxy.url, key=galaxy.key)
        self.id = self.api.histories.create_history("Demo assembly")["id"]
        self.genome = self.upload("genome.fa.gz", "Genome, demo assembly", "fasta.gz")
        self.genes = self.upload("genes.gff3", "Genes, first-pass annotation", "gff3")

    def upload(self, file_name: str, name: str, file_type: str) -> str:
        """Upload a file, by path or name in the test data; return the dataset's id."""
        uploaded = self.api.tools.upload_file(
            str(TEST_DATA / file_name), self.id, file_name=name, file_type=file_type
        )
        return str(uploaded["outputs"][0]["id"])

    def collection(self, names: Sequence[str], file_name: str, file_type: str) -> str:
        """Upload a file of the test data once for each name, as a list; return the list's id."""
        elements = [
            {"name": name, "src": "hda", "id": self.upload(file_name, name, file_type)}
            for name in names
        ]
        description = {
            "collection_type": "list",
            "element_identifiers": elements,
            "name": file_name,
        }
        made = self.api.histories.create_dataset_collection(self.id, description)
        return str(made["id"])

    def wait_for(self, dataset: str) -> dict[str, Any]:
        """Wait until a dataset is ready; it must be fine."""
        return self.api.datasets.show_dataset(
            self.api.datasets.wait_for_dataset(dataset, maxwait=PATIENCE_SECONDS, interval=0.5)[
                "id"
            ]
        )

    def run(self, tool: str = "transgenic_annotate", **inputs: Any) -> dict[str, Any]:
        """Run the tool on the history's genome with the demo model."""
        return self.api.tools.run_tool(
            self.id,
            tool,
            {
                "genome_source|source": "history",
                "genome_source|genome": {"src": "hda", "id": self.genome},
                "regions": {"src": "hda", "id": self.genes},
                "model_source|source": "demo",
                **inputs,
            },
        )

    def job_of(self, started: dict[str, Any]) -> dict[str, Any]:
        """Wait until a run has ended, well or not; return what Galaxy knows of its job."""
        job = str(started["jobs"][0]["id"])
        self.api.jobs.wait_for_job(job, maxwait=PATIENCE_SECONDS, interval=0.5, check=False)
        return self.api.jobs.show_job(job, full_details=True)


def check_hard_run(history: History) -> None:
    """A run on datasets with hostile names, once killed for its memory, ends well elsewhere."""
    for dataset in (history.genome, history.genes):
        history.wait_for(dataset)  # or the end of the upload names it again
        history.api.histories.update_dataset(history.id, dataset, name=HOSTILE)
    runs_folder = history.galaxy.runs_folder()
    ended_before = set(runs_folder.glob("*"))  # a cancelled job leaves its work
    started = history.run(outputs=[])
    job = str(started["jobs"][0]["id"])
    first = wait_for_prediction(history, job)
    killed = first[-1]
    check_environment(history.galaxy, killed, FIRST)
    check_nothing_was_executed(Path(f"/proc/{killed}/cwd").resolve())
    (run,) = set(runs_folder.iterdir()) - ended_before
    wait_until(lambda: any(map(has_lines, run.glob("journal/*.jsonl"))), "write its journal")
    os.kill(killed, signal.SIGKILL)
    # Galaxy still looks at what the first attempt has left, in the same group of processes.
    wait_until(lambda: not any(map(is_alive, first)), "end")
    second = wait_for_prediction(history, job)[-1]
    check_environment(history.galaxy, second, AFTER_OUT_OF_MEMORY)
    check_goes_on(second)
    check_nothing_was_executed(Path(f"/proc/{second}/cwd").resolve())
    annotation = history.wait_for(started["outputs"][0]["id"])
    text = history.api.datasets.download_dataset(annotation["id"]).decode()
    if text.count("\ttransgenic\tgene\t") != DEMO_GENES or "touch" in text:
        raise SystemExit(f"a run on datasets with hostile names gave {text[:2000]}")
    if left := set(runs_folder.iterdir()) - ended_before:
        raise SystemExit(f"a run that ended well left {left}")
    if annotation["name"] != "TransGenic on dataset 1 and 2: gene models":
        raise SystemExit(f"the output's label is {annotation['name']!r}")
    # Galaxy itself says first that the job was submitted again.
    if annotation["misc_info"].splitlines()[1:2] != [DEMO_OUTCOME]:
        raise SystemExit(f"the history says of the output {annotation['misc_info']!r}")


def check_goes_on(pid: int) -> None:
    """A second attempt does not begin with the first gene, and says so.

    Args:
        pid: its program.
    """
    said = _log_of(pid).read_text()
    first = re.search(r"predicting (\d+)/", said)
    if first is None or first[1] == "0":
        raise SystemExit(f"a second attempt began afresh: {said}")


def check_nothing_was_executed(job_folder: Path) -> None:
    """No name was executed where a job's command runs, while it runs: Galaxy clears it later.

    Args:
        job_folder: current folder of the job's program.
    """
    linked = {path.name for path in job_folder.glob("gen*/*")}
    if linked != {HOSTILE.replace("/", "_")}:
        raise SystemExit(f"{job_folder} is not the folder of a run on hostile names: {linked}")
    executed = [*job_folder.rglob("executed*"), *job_folder.parent.glob("executed*")]
    if executed:
        raise SystemExit(f"a name was executed: {executed}")


def check_message_names_dataset(history: History) -> None:
    """A fault in a dataset is told with the name that the history shows."""
    name = 'It\'s Gène ζ, "second" draft'
    genes = history.upload("broken.gff3", name, "gff3")
    stderr = history.job_of(history.run(regions={"src": "hda", "id": genes}))["stderr"]
    if f"Error: genes/{name} is neither GFF3, GTF nor BED" not in stderr:
        raise SystemExit(f"the message does not name the dataset {name!r}: {stderr}")


def check_model_from_history(history: History) -> None:
    """A model that a user uploaded as an archive is read; its name is told with the genes."""
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "tiny.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            for path in (TEST_DATA / "tiny_model").iterdir():
                packed.write(path, f"tiny/{path.name}")
        model = history.upload(str(archive), "My own model", "zip")
    started = history.run(
        **{"model_source|source": "history", "model_source|archive": {"src": "hda", "id": model}},
        max_length=20,
        outputs=[],
    )
    annotation = history.wait_for(started["outputs"][0]["id"])
    text = history.api.datasets.download_dataset(annotation["id"]).decode()
    if "#!model model/My own model\n" not in text:
        raise SystemExit(f"a run with a model from the history gave {text[:2000]}")


def check_data_manager(history: History) -> None:
    """The data manager fetches a model, enters it in the table, and a run finds it there."""
    started = history.api.tools.run_tool(
        history.id, "transgenic_fetch_model", {"model|choice": "default"}
    )
    job = history.job_of(started)
    if job["state"] != "ok":
        raise SystemExit(f"the data manager failed: {job['stderr']}")
    table = history.api.tool_data.show_data_table("transgenic_models")
    (row,) = (row for row in table["fields"] if row[0] == FETCHED)
    if {path.name for path in Path(row[2]).iterdir()} != {"config.json", "model.safetensors"}:
        raise SystemExit(f"the data manager put into {row[2]}: {list(Path(row[2]).iterdir())}")
    started = history.run(
        **{"model_source|source": "installed", "model_source|model": FETCHED},
        max_length=20,
        outputs=[],
    )
    history.wait_for(started["outputs"][0]["id"])


def check_collection(history: History) -> None:
    """A list of genomes with a list of annotations gives a list of results, named as they are."""
    names = ("first", "second")
    genomes = history.collection(names, "scaffolds.fa", "fasta")
    genes = history.collection(names, "scaffolds.bed", "bed")
    started = history.run(
        **{"genome_source|genome": {"batch": True, "values": [{"src": "hdca", "id": genomes}]}},
        regions={"batch": True, "linked": True, "values": [{"src": "hdca", "id": genes}]},
        outputs=[],
    )
    (result,) = started["implicit_collections"]
    for job in started["jobs"]:
        history.job_of({"jobs": [job]})
    found = history.api.histories.show_dataset_collection(history.id, result["id"])
    elements = {e["element_identifier"]: e["object"]["state"] for e in found["elements"]}
    if elements != dict.fromkeys(names, "ok"):
        raise SystemExit(f"a run on lists gave {elements}")


def check_workflow(history: History) -> None:
    """The workflow's own part gives the demo's genes and says what became of each."""
    workflow = history.api.workflows.import_workflow_dict(our_part())
    inputs = {
        "Genome": {"src": "hda", "id": history.genome},
        "Genes": {"src": "hda", "id": history.genes},
        "Model": "demo",
    }
    invocation = history.api.workflows.invoke_workflow(
        workflow["id"],
        inputs=inputs,
        inputs_by="name",
        history_id=history.id,
        allow_tool_state_corrections=True,
    )
    done = history.api.invocations.wait_for_invocation(
        invocation["id"], maxwait=PATIENCE_SECONDS, interval=0.5
    )
    found = {label: history.wait_for(output["id"]) for label, output in done["outputs"].items()}
    models = history.api.datasets.download_dataset(found["Gene models"]["id"]).decode()
    if models.count("\ttransgenic\tgene\t") != DEMO_GENES or "GM=" in models:
        raise SystemExit(f"the workflow gave {models[:2000]}")
    if set(found) != {"Gene models", "Report", "Genes without a model", "Changes of genes"}:
        raise SystemExit(f"the workflow gave {sorted(found)}")


def check_containers(history: History) -> None:
    """The sample's container destinations show jobs the model, the genome and the GPU."""
    containers = history.galaxy.containers
    for destination, runtime in RUNTIMES.items():
        started = history.run(
            renamed_id(destination),
            **{"genome_source|source": "cached", "genome_source|genome": OUTSIDE},
            **{"model_source|source": "installed", "model_source|model": OUTSIDE},
            max_length=100,
            outputs=[],
        )
        job = history.job_of(started)
        if job["state"] != "ok":
            raise SystemExit(f"a run in {runtime} failed: {job['stderr']}")
        (call,) = map(json.loads, containers.record(runtime).read_text().splitlines())
        if call["variables"].get("CUDA_VISIBLE_DEVICES") != GPU:
            raise SystemExit(f"{runtime} was not told of the GPU: {call['arguments']}")
        for folder in ("models", "genomes"):
            if not any(str(containers.folder / folder) in bind for bind in call["binds"]):
                raise SystemExit(f"{runtime} does not bind the {folder}: {call['arguments']}")


def check_environment(galaxy: Galaxy, pid: int, destination: Destination) -> None:
    """The program has its share of the machine and keeps its files in the job's folder."""
    granted = {
        "OMP_NUM_THREADS": destination.slots,
        "MKL_NUM_THREADS": destination.slots,
        "TRANSGENIC_MEMORY_MB": destination.memory_mb,
    }
    for name, amount in granted.items():
        if variable(pid, name) != str(amount):
            raise SystemExit(f"{name} is {variable(pid, name)!r} in a job at {destination}")
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "HF_HOME", "MPLCONFIGDIR"):
        if not variable(pid, name).startswith(str(galaxy.jobs_folder())):
            raise SystemExit(f"{name} is {variable(pid, name)!r}, outside the job's folder")


def variable(pid: int, name: str) -> str:
    """A variable of a process's environment; empty where there is none, or no process."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    except OSError:
        return ""
    return dict(entry.partition("=")[::2] for entry in entries).get(name, "")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_prediction(history: History, job: str) -> list[int]:
    """Wait until the model of a job predicts; return its processes, the program's last."""
    found: list[int] = []

    def predicting() -> bool:
        details = history.api.jobs.show_job(job, full_details=True)
        if details["state"] in {"ok", "error", "deleted"}:
            raise SystemExit(f"the run ended too early: {details.get('stderr')}")
        found[:] = _processes_of_group(int(details.get("external_id") or 0))
        if not found or not variable(found[-1], "HOME"):
            return False
        log = _log_of(found[-1])
        return log.is_file() and b"predicting" in log.read_bytes()

    wait_until(predicting, "predict")
    return found


def _log_of(pid: int) -> Path:
    """Standard error of the job of a program."""
    return Path(variable(pid, "HOME")).parent.parent / "outputs" / "tool_stderr"


def has_lines(file: Path) -> bool:
    """Whether a file has a whole line."""
    return b"\n" in file.read_bytes()


def _processes_of_group(group: int) -> list[int]:
    """Processes of a job's process group, the oldest first."""
    pids = []
    for entry in Path("/proc").iterdir():
        if group and entry.name.isdigit():
            try:
                member = os.getpgid(int(entry.name)) == group
            except ProcessLookupError:
                continue
            if member:
                pids.append(int(entry.name))
    return sorted(pids)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition; what it waits for completes "a run did not …"."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"a run did not {what} within {PATIENCE_SECONDS} s")
        time.sleep(0.05)
