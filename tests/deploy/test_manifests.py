"""What `deploy/` says of the shop is true: names of settings, commands, ports, paths,
folders, one image.
"""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from celery_app import QUEUES
from dev.stack import ROOT
from markrin import settings as shop_settings

DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
ENTRYPOINT = (ROOT / "docker-entrypoint.sh").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    one
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for one in yaml.safe_load_all(path.read_text())
]
KUSTOMIZATION: dict[str, Any] = yaml.safe_load(
    (DEPLOY / "kubernetes/kustomization.yaml").read_text()
)
OURS = {
    name: one
    for name, one in COMPOSE["services"].items()
    if one["image"].startswith("markrin:")
}
PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"]
    for one in MANIFESTS
    if one["kind"] in ("Deployment", "Job")
}
SECRETS = {
    "SECRET_KEY",
    "JWT_KEYS",
    "GIFT_CARD_KEYS",
    "DATABASE_URL",
    "CACHE_URL",
    "LIMITS_URL",
    "CELERY_BROKER_URL",
    "EMAIL_URL",
}


def _known_settings() -> set[str]:
    tree = ast.parse(Path(str(shop_settings.__file__)).read_text())
    calls = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    )
    read = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    return {str(name) for name in read} | set(
        re.findall(r"\$\{?([A-Z][A-Z_]+)", ENTRYPOINT)
    )


def _roles() -> dict[str, list[str]]:
    """Return what each container is told to do, by its name in either folder."""
    compose = {f"compose {name}": one["command"] for name, one in OURS.items()}
    return compose | {
        f"kubernetes {name}": _container(pod)["args"] for name, pod in PODS.items()
    }


def _container(pod: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod["containers"]
    found: dict[str, Any] = only
    return found


@pytest.mark.parametrize(("who", "args"), _roles().items(), ids=list(_roles()))
def test_every_container_has_a_role_that_exists(who: str, args: list[str]) -> None:
    role, *rest = args
    assert re.search(rf"^{role}\)", ENTRYPOINT, re.MULTILINE), who
    if role == "worker":
        assert rest[0] in QUEUES
    if role == "manage":
        command = load_command_class(get_commands()[rest[0]], rest[0])
        command.create_parser("manage.py", rest[0]).parse_args(rest[1:])


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_every_part_runs_and_every_queue_has_its_worker(where: str) -> None:
    roles = [args for who, args in _roles().items() if who.startswith(where)]
    assert {args[1] for args in roles if args[0] == "worker"} == set(QUEUES)
    assert {args[0] for args in roles} == {
        "web",
        "relay",
        "beat",
        "worker",
        "manage",
    }


def test_every_setting_named_exists() -> None:
    named = {name for one in OURS.values() for name in one["environment"]} | SECRETS
    for pod in PODS.values():
        named |= {each["name"] for each in _container(pod).get("env", [])}
    named |= next(
        one["data"].keys() for one in MANIFESTS if one["kind"] == "ConfigMap"
    )
    assert named - _known_settings() == set()


def test_the_example_environment_answers_every_question_of_compose() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    given = set(
        re.findall(
            r"^([A-Z_]+)=", (DEPLOY / "env.example").read_text(), re.MULTILINE
        )
    )
    assert set(re.findall(r"\$\{([A-Z_]+)", text)) == given


@pytest.mark.asvs("13.3.1")
def test_settings_hold_no_secret() -> None:
    config = next(one for one in MANIFESTS if one["kind"] == "ConfigMap")
    assert not config["data"].keys() & SECRETS
    assert not [one for one in MANIFESTS if one["kind"] == "Secret"]
    for pod in PODS.values():
        assert {"secretRef": {"name": "markrin"}} in _container(pod)["envFrom"]


def test_one_image_one_user_one_port() -> None:
    assert (
        {_container(pod)["image"] for pod in PODS.values()}
        == {"markrin"}
        == {one["name"] for one in KUSTOMIZATION["images"]}
    )
    assert len({one["image"] for one in OURS.values()}) == 1
    (user,) = set(re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE))
    assert {pod["securityContext"]["runAsUser"] for pod in PODS.values()} == {
        int(user)
    }
    (port,) = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
    assert re.search(rf"\bPORT={port}\b", DOCKERFILE)
    assert _container(PODS["web"])["ports"] == [
        {"name": "http", "containerPort": int(port)}
    ]
    assert (
        COMPOSE["services"]["front"]["environment"]["WEB_SERVERS"]
        == f"web-1:{port} web-2:{port}"
    )


def test_probes_ask_paths_that_exist() -> None:
    web = _container(PODS["web"])
    asked = {
        web[probe]["httpGet"]["path"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    asked.add(
        re.findall(r"health_uri (\S+)", (DEPLOY / "Caddyfile").read_text())[0]
    )
    asked.add("/metrics")
    assert all(
        resolve(path).func.__module__ == "markrin.ops.health" for path in asked
    )
    for name, pod in PODS.items():
        if name not in ("web", "migrate"):
            assert _container(pod)["livenessProbe"]["exec"]["command"] == [
                "./docker-entrypoint.sh",
                "healthy",
            ]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_compose_watches_bounds_and_stops_every_service(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["healthcheck"]
    assert service["stop_grace_period"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service.get("depends_on") or name in (
        "postgres",
        "cache",
        "limits",
        "broker",
    )


@pytest.mark.parametrize("name", PODS)
def test_kubernetes_bounds_every_pod_and_lets_it_write_nothing(name: str) -> None:
    pod, container = PODS[name], _container(PODS[name])
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert "memory" in container["resources"]["limits"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]


def test_selectors_meet_their_pods() -> None:
    labels = {
        name: next(
            one
            for one in MANIFESTS
            if one["metadata"]["name"] == name
            and one["kind"] in ("Deployment", "Job")
        )
        for name in PODS
    }
    for name, one in labels.items():
        if one["kind"] == "Deployment":
            assert (
                one["spec"]["selector"]["matchLabels"].items()
                <= one["spec"]["template"]["metadata"]["labels"].items()
            ), name
    web = {"app.kubernetes.io/name": "web"}
    service = next(
        one
        for one in MANIFESTS
        if one["kind"] == "Service" and one["metadata"]["name"] == "web"
    )
    assert (
        service["spec"]["selector"]
        == web
        == labels["web"]["spec"]["selector"]["matchLabels"]
    )
    for kind in ("PodDisruptionBudget", "HorizontalPodAutoscaler"):
        (one,) = (each for each in MANIFESTS if each["kind"] == kind)
        found = one["spec"].get("selector", {}).get("matchLabels") or {
            "app.kubernetes.io/name": one["spec"]["scaleTargetRef"]["name"]
        }
        assert found == web


def test_kustomization_lists_every_file() -> None:
    files = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")} - {
        "kustomization.yaml"
    }
    assert set(KUSTOMIZATION["resources"]) == files


@pytest.mark.asvs("13.4.1", "15.2.3")
def test_the_image_holds_what_the_shop_runs_on() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE))
    sources = {source for line in copied for source in line.split()} - {
        "frontend",
        "requirements.txt",
    }
    apps = {
        name.split(".")[0]
        for name in shop_settings.INSTALLED_APPS
        if (ROOT / name.split(".")[0]).is_dir()
    }
    folders = {
        Path(path).relative_to(ROOT).parts[0]
        for path in shop_settings.LOCALE_PATHS
        if Path(path).exists()
    }
    assert sources == apps | folders | {
        "templates",
        "manage.py",
        "celery_app.py",
        "docker-entrypoint.sh",
    }
    kept = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert sources | {"frontend", "requirements.txt"} <= kept
    assert all((ROOT / source).exists() for source in sources)


def test_every_image_of_others_is_named_by_its_digest() -> None:
    """A tag can be moved to other bytes; what was tried is what runs."""
    named = [
        one["image"]
        for one in COMPOSE["services"].values()
        if one not in OURS.values()
    ]
    named += re.findall(r"^FROM (?:--\S+ )?(\S+)", DOCKERFILE, re.MULTILINE)
    assert len(named) == 8
    assert [
        one for one in named if not re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", one)
    ] == []


def test_compose_hands_on_the_keys_of_every_payment_provider() -> None:
    keys = {
        name
        for name in _known_settings()
        if name.startswith(("STRIPE_", "RAZORPAY_"))
    }
    wanted = {
        name for name in keys if not name.endswith("_API_BASE")
    }  # for a stand-in only
    assert wanted <= OURS["web-1"]["environment"].keys()
    assert wanted <= set(
        re.findall(
            r"^([A-Z_]+)=", (DEPLOY / "env.example").read_text(), re.MULTILINE
        )
    )


def test_no_cache_policy_may_evict_what_has_no_expiry() -> None:
    """A tag's last touch has none: with an allkeys policy an old price could come back."""
    policies = {
        name: COMPOSE["services"][name]["command"][-1]
        for name in ("cache", "limits", "broker")
    }
    assert policies == {
        "cache": "volatile-lru",
        "limits": "noeviction",
        "broker": "noeviction",
    }
