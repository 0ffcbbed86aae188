"""Alerts when a run fails."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest

from transgenic_dagster.orchestration.alerts import EmailAlerts, make_alerts

EMAIL = EmailAlerts(sender="a@example.org", recipients=["b@example.org"], smtp_host="localhost")


@pytest.fixture
def received():
    """Texts that a local address has received; the first item is the address."""
    texts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    texts.append(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield texts
    server.shutdown()
    thread.join()
    server.server_close()


def test_alerts_are_made_as_configured_and_run_from_the_start():
    assert list(make_alerts(None, None)) == []
    sensors = list(make_alerts("http://localhost/", EMAIL))
    assert [s.name for s in sensors] == ["webhook_when_a_run_fails", "mail_when_a_run_fails"]
    assert {s.default_status for s in sensors} == {dg.DefaultSensorStatus.RUNNING}


def test_a_failed_run_is_told_to_the_webhook(received):
    @dg.op
    def broken() -> None:
        raise dg.Failure("the genome is not a FASTA file")

    @dg.job
    def annotation():
        broken()

    (sensor,) = make_alerts(received[0], None)
    with dg.DagsterInstance.ephemeral() as instance:
        result = annotation.execute_in_process(
            instance=instance, raise_on_error=False, tags={"dagster/partition": "moss"}
        )
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        ).for_run_failure()
        sensor(context)
    told = json.loads(received[1])
    assert told["text"] == "annotation of moss has failed"
    assert told["run_id"] == result.run_id
    assert any("broken" in error for error in told["errors"])
