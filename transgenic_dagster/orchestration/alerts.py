"""Alerts: a mail or a JSON text to an address when a run fails."""

import json
import os
import urllib.request
from collections.abc import Iterator

import dagster as dg
from pydantic import Field

PASSWORD_VARIABLE = "TRANSGENIC_SMTP_PASSWORD"  # noqa: S105  (the name of a variable)
_TIMEOUT_SECONDS = 10


class EmailAlerts(dg.Model, dg.Resolvable):
    """Mail server and recipients; the password is in ``TRANSGENIC_SMTP_PASSWORD``."""

    sender: str
    recipients: list[str] = Field(min_length=1)
    smtp_host: str
    smtp_port: int = 465
    smtp_type: str = Field(default="SSL", pattern="SSL|STARTTLS")
    smtp_user: str | None = None


def make_alerts(webhook: str | None, email: EmailAlerts | None) -> Iterator[dg.SensorDefinition]:
    """Yield the sensors for the alerts that are configured; they are running from the start."""
    if webhook is not None:
        yield _webhook_alert(webhook)
    if email is not None:
        yield dg.make_email_on_run_failure_sensor(
            email_from=email.sender,
            email_password=os.environ.get(PASSWORD_VARIABLE, ""),
            email_to=email.recipients,
            email_subject_fn=subject,
            email_body_fn=lambda failed: f"{subject(failed)}<br>{failed.failure_event.message}",
            smtp_host=email.smtp_host,
            smtp_port=email.smtp_port,
            smtp_type=email.smtp_type,
            smtp_user=email.smtp_user,
            name="mail_when_a_run_fails",
            default_status=dg.DefaultSensorStatus.RUNNING,
        )


def subject(context: dg.RunFailureSensorContext) -> str:
    """One line on a failed run: what of which assembly."""
    run = context.dagster_run
    assets = ", ".join(sorted(key.to_user_string() for key in run.asset_selection or ()))
    of = run.tags.get("dagster/partition", "")
    return f"{assets or run.job_name} of {of or 'the lab'} has failed"


def _webhook_alert(address: str) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="webhook_when_a_run_fails", default_status=dg.DefaultSensorStatus.RUNNING
    )
    def webhook_when_a_run_fails(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        errors = [event.message for event in context.get_step_failure_events()]
        values = {
            "text": subject(context),
            "run_id": run.run_id,
            "tags": {k: v for k, v in run.tags.items() if not k.startswith(".")},
            "errors": errors or [context.failure_event.message],
        }
        request = urllib.request.Request(  # noqa: S310  (the lab's own address)
            address, json.dumps(values).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310
            pass

    return webhook_when_a_run_fails
