"""/metrics over several processes, and what deploy/ asks of it."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from dev.processes import wait_for
from dev.stack import ROOT
from markrin.outbox import heartbeats
from markrin.outbox import services as outbox
from markrin.outbox.models import OutboxEvent
from tests import services
from tests.factories import PASSWORD, make_product, make_user, make_variant
from tests.observe.http_client import send_request

PROMETHEUS = ROOT / "deploy/prometheus"
FROM_PROMETHEUS_ITSELF = {"up"}


def scrape(url: str) -> dict[str, list[Any]]:
    answer = send_request(f"{url}/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(answer.body.decode()))
    assert len({family.name for family in families}) == len(
        families
    )  # Prometheus refuses a name told twice
    found: dict[str, list[Any]] = {}
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def total(found: dict[str, list[Any]], name: str, /, **labels: str) -> float:
    return sum(
        float(each.value)
        for each in found.get(name, ())
        if each.labels.items() >= labels.items()
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_processes_add_up_and_every_name_in_deploy_exists(tmp_path: Path):
    user, product = make_user(), make_product()
    make_variant(product=product)
    _write_jobs()
    env = {
        "ALLOWED_HOSTS": "127.0.0.1",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "CACHE_ANSWERS": "1",
    }
    with services.web(processes=2, env=env) as web:
        asked = 0

        def both_have_answered() -> (
            bool
        ):  # the second process may have started later
            nonlocal asked
            for _ in range(40):
                assert send_request(f"{web.url}/api/auth/sessions").status == 401
                asked += 1
            return (
                len(
                    {
                        path.name.rpartition("_")[2]
                        for path in tmp_path.glob("counter_*.db")
                    }
                )
                == 2
            )  # a file each

        assert wait_for(both_have_answered, seconds=60)
        assert send_request(f"{web.url}/api/nothing", method="BREW").status == 404
        signed = send_request(
            f"{web.url}/api/auth/login",
            {"email": user.email, "password": PASSWORD},
            X_Markrin_Client="body",
        )
        assert signed.status == 200
        assert (
            send_request(
                f"{web.url}/api/auth/refresh", {"refresh": signed.json()["refresh"]}
            ).status
            == 200
        )
        for _ in range(5):
            assert (
                send_request(f"{web.url}/api/products/{product.slug}").status == 200
            )
        counted = "markrin_http_requests_total"
        found: dict[str, list[Any]] = {}

        def whole() -> bool:
            found.clear()
            found.update(scrape(web.url))
            return "markrin_cache_answers_total" in found

        assert wait_for(whole, seconds=60)
        assert (
            total(found, counted, route="api/auth/sessions", status="401") == asked
        )
        assert (
            total(
                found,
                "markrin_http_request_duration_seconds_count",
                route="api/auth/sessions",
            )
            == asked
        )
        assert total(found, counted, method="other") == 1
        assert total(found, counted, method="BREW") == 0
        assert total(found, "outbox_rows", queue="email", state="dead") == 1
        assert total(found, "outbox_paused", queue="email") == 1
        assert 0 <= total(found, "heartbeat_age_seconds", name="relay") < 600
    for place, names in asked_for().items():
        unknown = names - found.keys() - FROM_PROMETHEUS_ITSELF
        assert not unknown, f"{place} asks for {unknown}"


def _write_jobs() -> None:
    """Leave jobs that are waiting, done and dead, a paused queue and a heartbeat, so that
    each gauge has a sample.
    """
    for number, state in enumerate(("waiting", "done", "dead")):
        open_row = state == "waiting"
        OutboxEvent.objects.create(
            event="test.happened",
            task="test.outside",
            queue="email",
            key=f"metrics:{number}",
            max_attempts=1,
            state=state,
            **(
                {}
                if open_row
                else {"wake_at": None, "finished_at": "2026-01-01T00:00:00Z"}
            ),
        )
    OutboxEvent.objects.exclude(state="waiting").update(
        **_now("finished_at"), **_now("started_at")
    )
    heartbeats.record_heartbeat("relay")
    outbox.pause_queue("email", seconds=None, reason="a test", by="test")


def _now(name: str) -> dict[str, Any]:
    from django.db.models.functions import Now

    return {name: Now()}


def asked_for() -> dict[str, set[str]]:
    """Return the metrics that the dashboard's panels and the alerts name."""
    dashboard = json.loads((ROOT / "deploy/grafana/markrin.json").read_text())
    asked = {
        f"panel {panel['title']}": metrics_in(target["expr"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    }
    return asked | {
        f"alert {rule['alert']}": metrics_in(rule["expr"]) for rule in alerts()
    }


def alerts() -> list[dict[str, Any]]:
    document = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def metrics_in(expression: str) -> set[str]:
    bare = re.sub(
        r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without)\s*\([^)]*\)',
        " ",
        expression,
    )
    words = set(re.findall(r"[a-z_][a-z0-9_]*(?!\s*\(|\w)", bare))
    return words - {"and", "or", "unless", "by", "bool"}


def test_every_panel_and_alert_asks_for_something():
    assert len(asked_for()) >= 25
    assert all(asked_for().values()), asked_for()


def test_every_alert_has_its_section_in_the_runbook():
    runbook = (ROOT / "docs/runbook.md").read_text()
    anchors = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^## (.+)$", runbook, re.MULTILINE)
    }
    for rule in alerts():
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert page == "docs/runbook.md"
        assert anchor == rule["alert"].lower()
        assert anchor in anchors, f"{rule['alert']} has no section"


@pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool (Debian: package prometheus) is not installed",
)
@pytest.mark.parametrize(
    "words",
    [
        ["check", "rules", "alerts.yaml"],
        ["check", "config", "prometheus.yml"],
        ["test", "rules", "alerts.test.yaml"],
    ],
)
def test_prometheus_takes_the_rules(words):
    done = subprocess.run(
        ["promtool", *words],
        cwd=PROMETHEUS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
