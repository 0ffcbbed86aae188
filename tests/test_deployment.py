"""Sample files of the deployment page: programs read them, and they agree with each other."""

import configparser
import re
import shlex
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._cli import create_dagster_cli
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster_webserver.cli import create_dagster_webserver_cli

from transgenic_dagster.lab.init import DAGSTER

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "deployment"
PAGE = (DOCS / "deployment.md").read_text()
PROGRAMS = {
    "dagster": create_dagster_cli,
    "dagster-daemon": create_dagster_daemon_cli,
    "dagster-webserver": create_dagster_webserver_cli,
}
INSTALLED = {
    "/srv/lab/workspace.servers.yaml": "workspace.servers.yaml",
    "/workspace.yaml": "workspace.compose.yaml",
}
UNITS = sorted(path.name for path in FOLDER.glob("*.service"))


def unit(name):
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str
    parsed.read(FOLDER / name)
    return parsed


def commands():
    """Every command that a sample file starts, by the file and the service."""
    found = {name: unit(name)["Service"]["ExecStart"] for name in UNITS}
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    found |= {f"compose {k}": v["command"] for k, v in services.items() if "command" in v}
    return found


def parameters(command):
    """What Dagster's own command line reads from a command; an error where it refuses it."""
    program, *arguments = shlex.split(command)
    for there, here in INSTALLED.items():
        arguments = [str(FOLDER / here) if text == there else text for text in arguments]
    command_line = PROGRAMS[Path(program).name]()
    while hasattr(command_line, "commands"):
        command_line = command_line.commands[arguments.pop(0)]
    return command_line.make_context(program, arguments).params


@pytest.mark.parametrize("name", commands())
def test_every_command_is_one_that_dagster_understands(name):
    parameters(commands()[name])


def test_servers_are_found_where_they_listen():
    found = {name: parameters(command) for name, command in commands().items()}
    for workspace, host, code, web in (
        ("workspace.servers.yaml", "127.0.0.1", "transgenic-code.service", UNITS[-1]),
        ("workspace.compose.yaml", "code", "compose code", "compose webserver"),
    ):
        location = yaml.safe_load((FOLDER / workspace).read_text())["load_from"][0]["grpc_server"]
        assert location["host"] == host
        assert location["port"] == found[code]["port"]
        assert location["location_name"] == found[code]["location_name"]
        assert f"http://127.0.0.1:{found[web]['port']};" in (FOLDER / "nginx.conf").read_text()


def test_nothing_but_the_proxy_listens_to_the_outside():
    for name in UNITS:
        assert parameters(commands()[name]).get("host", "127.0.0.1") == "127.0.0.1"
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:3000:3000"]


def test_units_share_the_home_and_start_with_the_machine():
    for name in UNITS:
        parsed = unit(name)
        assert "DAGSTER_HOME=/srv/lab TRANSGENIC_HOME=/srv/lab" in parsed["Service"]["Environment"]
        assert parsed["Service"]["Restart"] == "always"
        assert parsed["Install"]["WantedBy"] == "multi-user.target"
        for other in parsed["Unit"].get("After", "").split():
            assert other == "network-online.target" or (FOLDER / other).exists()


def test_services_share_the_lab_and_the_database():
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    storage = yaml.safe_load((FOLDER / "storage.postgres.yaml").read_text())["storage"]
    database = storage["postgres"]["postgres_db"]
    assert database["hostname"] in services
    server = services[database["hostname"]]["environment"]
    assert server["POSTGRES_USER"] == database["username"]
    assert server["POSTGRES_DB"] == database["db_name"]
    for name in ("code", "daemon", "webserver"):
        assert database["password"]["env"] in services[name]["environment"]
        assert services[name]["environment"]["DAGSTER_HOME"] == "/lab"
        assert services[name]["image"] == services["code"]["image"]


def test_the_database_can_be_appended_to_the_settings_of_a_lab():
    settings = yaml.safe_load(DAGSTER)
    assert "storage" not in settings
    assert yaml.safe_load(DAGSTER + (FOLDER / "storage.postgres.yaml").read_text()) == {
        **settings,
        **yaml.safe_load((FOLDER / "storage.postgres.yaml").read_text()),
    }


def test_dagster_reads_the_settings_of_a_lab(tmp_path):
    (tmp_path / "dagster.yaml").write_text(DAGSTER)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.run_monitoring_enabled
        assert instance.run_launcher is not None


def test_the_page_names_every_sample_file():
    named = set(re.findall(r"[\w.-]+\.(?:yaml|service|conf)|Dockerfile", PAGE))
    for path in FOLDER.iterdir():
        shown = "deployment/*.service" in PAGE and path.suffix == ".service"
        mounted = path.name in (FOLDER / "compose.yaml").read_text()
        assert path.name in named or shown or mounted or path.name == "compose.yaml", path.name


def test_the_python_of_the_page_can_be_read():
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        compile(block, "deployment.md", "exec")
