"""What stands in the files of deploy/, docker-compose.yml and Dockerfile, held against the binary.

Each check gives the faults it finds as lines of text; `root` is the project or a copy of it.
"""
import functools
import json
import re
import subprocess
from pathlib import Path

import yaml

COMPOSE = ("docker-compose.yml", "deploy/docker-compose.cluster.yml")
UNITS = ("deploy/perpetua.service", "deploy/perpetua-role@.service")
NGINX = "deploy/nginx.conf"
OWN_VARIABLE = re.compile(r"\b((?:PERPETUA|DATABASE|REDIS)_[A-Z_]+)\b")


class Settings:
    """The table that `perpetua settings` prints."""

    def __init__(self, text):
        self.allowed, self.defaults = {}, {}
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            if len(cells) < 6 or cells[0] in ("flag", "---"):
                continue
            for variable in re.findall(r"`([A-Z_]+)`", cells[1]):
                self.allowed[variable] = cells[4]
                self.defaults[variable] = cells[3]

    @classmethod
    def of(cls, binary):
        return cls(subprocess.run([binary, "settings"], capture_output=True, text=True,
                                  check=True).stdout)

    def fault(self, variable, value):
        """None if the binary takes it."""
        if variable not in self.allowed:
            return f"{variable} is no setting of the binary"
        allowed, value = self.allowed[variable], str(value)
        bounds = re.fullmatch(r"(\d+) to (\d+)", allowed)
        if bounds and not (value.isdigit()
                           and int(bounds.group(1)) <= int(value) <= int(bounds.group(2))):
            return f"{variable}={value}: allowed is {allowed}"
        if allowed.startswith("one of: ") and value not in allowed[8:].split():
            return f"{variable}={value}: allowed is {allowed}"
        return None


def settings_faults(settings, where, values):
    return [f"{where}: {fault}" for name, value in values.items()
            if OWN_VARIABLE.fullmatch(name)
            for fault in [settings.fault(name, value)] if fault]


def environment_of(service):
    given = service.get("environment") or {}
    if isinstance(given, list):
        given = dict(line.split("=", 1) for line in given)
    return given


def services(root, name):
    return yaml.safe_load((root / name).read_text())["services"]


def is_exchange(service):
    return "build" in service or service.get("image") == "perpetua"


def address_of(service):
    networks = service.get("networks")
    return networks["exchange"].get("ipv4_address") if isinstance(networks, dict) else None


def compose_variables(root, settings):
    for name in COMPOSE:
        for service, about in services(root, name).items():
            if is_exchange(about):
                yield from settings_faults(settings, f"{name}: {service}", environment_of(about))


def compose_paths(root):
    for name in COMPOSE:
        document = yaml.safe_load((root / name).read_text())
        used = set()
        for service, about in document["services"].items():
            image = (root / name).parent / about.get("build", ".") / "Dockerfile"
            if "build" in about and not image.exists():
                yield f"{name}: {service}: there is no Dockerfile in {about['build']}"
            for volume in about.get("volumes", []):
                source = volume.split(":")[0]
                if not source.startswith("."):
                    used.add(source)
                elif not ((root / name).parent / source).exists():
                    yield f"{name}: {service}: {source} does not exist"
        declared = set(document.get("volumes") or {})
        for volume in used ^ declared:
            yield f"{name}: volume {volume} is used or declared, not both"


def compose_data(root):
    """Data and secrets lie in volumes of the image."""
    image = (root / "Dockerfile").read_text()
    volumes = json.loads(re.search(r"^VOLUME (\[.*\])", image, re.M).group(1))
    for name in COMPOSE:
        for service, about in services(root, name).items():
            if not is_exchange(about):
                continue
            for variable in ("PERPETUA_DATA_DIR", "PERPETUA_SECRETS_DIR"):
                path = environment_of(about).get(variable)
                if path and path not in volumes:
                    yield f"{name}: {service}: {variable}={path} is no volume of the image"
            targets = [volume.split(":")[1] for volume in about.get("volumes", [])]
            for target in targets:
                if target not in volumes:
                    yield f"{name}: {service}: nothing of the image is at {target}"


def compose_ports(root, settings):
    image = (root / "Dockerfile").read_text()
    exposed = re.search(r"^EXPOSE (\d+)", image, re.M).group(1)
    default = settings.defaults["PERPETUA_LISTEN"].rpartition(":")[2]
    if exposed != default:
        yield f"Dockerfile: EXPOSE {exposed}, the binary's default is {default}"
    for name in COMPOSE:
        for service, about in services(root, name).items():
            listen = {"redis": "6379", "prometheus": "9090", "grafana": "3000"}.get(service)
            if service == "nginx":
                text = (root / "deploy/nginx/listen.conf").read_text()
                listen = re.search(r"^listen (\d+)", text, re.M).group(1)
            if is_exchange(about):
                listen = environment_of(about)["PERPETUA_LISTEN"].rpartition(":")[2]
                if listen != exposed:
                    yield f"{name}: {service} listens on {listen}, the image says {exposed}"
            for published in about.get("ports", []):
                if published.rpartition(":")[2] != listen:
                    yield f"{name}: {service}: {published}, but it listens on {listen}"


def cluster_addresses(root):
    """nginx, Redis Cluster, proxies and Prometheus name the services that are there."""
    cluster = services(root, COMPOSE[1])
    by_role = {}
    for service, about in cluster.items():
        role = environment_of(about).get("PERPETUA_ROLE") or service.rpartition("-")[0]
        by_role.setdefault(role, []).append((service, about))
    for role in ("api", "ws"):
        text = (root / f"deploy/nginx/{role}.conf").read_text()
        listed = re.findall(r"^server (\S+) ", text, re.M)
        found = [f"{address_of(about)}:"
                 + environment_of(about)["PERPETUA_LISTEN"].rpartition(":")[2]
                 for _, about in by_role[role]]
        if sorted(listed) != sorted(found):
            yield f"deploy/nginx/{role}.conf: {listed}, the services are {found}"
    redis = [f"{address_of(about)}:6379" for service, about in cluster.items()
             if re.fullmatch(r"redis-\d", service)]
    create = " ".join(cluster["redis-cluster-create"]["command"])
    if re.findall(r"[\d.]+:6379", create.partition("create")[2]) != redis:
        yield "redis-cluster-create does not name the redis services"
    for service, about in cluster.items():
        environment = environment_of(about) if is_exchange(about) else {}
        if environment and environment["REDIS_URL"] != "redis+cluster://" + ",".join(redis):
            yield f"{service}: REDIS_URL does not name the redis services"
        if environment and environment["PERPETUA_TRUSTED_PROXIES"] != address_of(cluster["nginx"]):
            yield f"{service}: PERPETUA_TRUSTED_PROXIES is not the address of nginx"
        for url in re.findall(r"@([\w-]+)/perpetua", str(environment)):
            if url not in cluster:
                yield f"{service}: there is no service {url}"
    standbys = re.search(r"ANY 1 \((.*?)\)",
                         (root / "deploy/postgres/primary.sh").read_text()).group(1).split(", ")
    names = [environment_of(about)["REPLICA_NAME"] for _, about in cluster.items()
             if "REPLICA_NAME" in environment_of(about)]
    if standbys != names:
        yield f"primary.sh waits for {standbys}, the replicas are {names}"
    for job in yaml.safe_load((root / "deploy/prometheus.yml").read_text())["scrape_configs"]:
        targets = [target for one in job["static_configs"] for target in one["targets"]]
        found = [f"{about['hostname']}:8082" for _, about in by_role[job["job_name"]]]
        if targets != found:
            yield f"deploy/prometheus.yml: {job['job_name']}: {targets}, the services are {found}"


def image_files(root):
    text = (root / "Dockerfile").read_text()
    for source in re.findall(r"^COPY (?!--from)(\S+)", text, re.M):
        if not (root / source).exists():
            yield f"Dockerfile: COPY {source}: does not exist"
    if not re.search(r"^USER perpetua$", text, re.M):
        yield "Dockerfile: does not leave root"


def image_variables(root, settings):
    text = (root / "Dockerfile").read_text()
    values = dict(re.findall(r"\b(PERPETUA_[A-Z_]+)=(\S+)", text))
    yield from settings_faults(settings, "Dockerfile", values)


@functools.cache
def libraries_of(binary):
    """Debian packages of the libraries that it is linked with; sanitizers are no part of it."""
    dump = subprocess.run(["objdump", "-p", binary], capture_output=True, text=True, check=True)
    paths = dict(re.findall(r"(\S+) => (\S+)", subprocess.run(
        ["ldd", binary], capture_output=True, text=True, check=True).stdout))
    owners = {subprocess.run(["dpkg", "-S", Path(paths[library]).resolve()], capture_output=True,
                             text=True, check=False).stdout.partition(":")[0]
              for library in re.findall(r"NEEDED\s+(\S+)", dump.stdout) if library in paths}
    base = "lib(c6|gcc|asan|tsan|ubsan)"
    return {owner for owner in owners if owner and not re.match(base, owner)}


def image_packages(root, binary):
    text = (root / "Dockerfile").read_text()
    runtime = text.partition("FROM debian:12-slim")[2].partition("rm -rf")[0]
    installed = set(re.findall(r"\b(lib[a-z0-9+.-]+)", runtime))
    for package in sorted(installed ^ libraries_of(binary)):
        yield f"Dockerfile: {package} is installed or linked, not both"


def unit_variables(root, settings):
    for name in UNITS:
        text = (root / name).read_text()
        values = {}
        for line in re.findall(r"^Environment=(.*)", text, re.M):
            values.update(pair.split("=", 1) for pair in line.split())
        yield from settings_faults(settings, name, values)
        for variable in set(OWN_VARIABLE.findall(text)) - set(values):
            if variable not in settings.allowed:
                yield f"{name}: {variable} is no setting of the binary"
        table = (root / "docs/operations.md").read_text()
        for code in re.search(r"^RestartPreventExitStatus=(.*)", text, re.M).group(1).split():
            if f"| {code} |" not in table:
                yield f"{name}: exit code {code} is not in docs/operations.md"


def metric_names(root):
    """Every name that the sources give a metric."""
    found = set()
    for path in [*root.glob("src/**/*.cpp"), *root.glob("apps/**/*.cpp")]:
        if not path.stem.endswith("_test"):
            found |= set(re.findall(r'"(perpetua_[a-z0-9_]+)"', path.read_text()))
    return found


def metrics(root, known):
    for name in ("deploy/alerts.yml", "deploy/grafana-dashboard.json", "docs/operations.md"):
        for metric in set(re.findall(r"\bperpetua_[a-z0-9_]+\b", (root / name).read_text())):
            base = re.sub(r"_(bucket|sum|count)$", "", metric)
            if metric not in known and base not in known and metric != "perpetua_redis_":
                yield f"{name}: there is no metric {metric}"


def alerts(root):
    """Each alert is known to docs/operations.md."""
    text = (root / "docs/operations.md").read_text()
    for group in yaml.safe_load((root / "deploy/alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            if f"`{rule['alert']}`" not in text:
                yield f"deploy/alerts.yml: {rule['alert']} is not in docs/operations.md"


def milliseconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}[unit]


def nginx_limits(root, settings):
    """What nginx lets through and how long it waits fits what the exchange does."""
    text = (root / NGINX).read_text()
    options = (root / "src/gateway/options.hpp").read_text()
    body = re.search(r"kBodyBytesMax = (\d+) \* 1024", options).group(1)
    if f"client_max_body_size {body}k;" not in text:
        yield f"{NGINX}: client_max_body_size is not the {body}k of the exchange"
    server_side = re.search(r"upstream api \{(.*?)\}", text, re.S).group(1)
    kept = milliseconds(re.search(r"keepalive_timeout (\w+);", server_side).group(1))
    idle = int(re.search(r"idle_timeout_ms = ([\d']+)", options).group(1).replace("'", ""))
    drains = [int(environment_of(about).get("PERPETUA_DRAIN_MS", 0))
              for about in services(root, COMPOSE[1]).values() if is_exchange(about)]
    if not kept < min(*drains, idle):
        yield f"{NGINX}: keeps connections for {kept} ms, the exchange for {min(*drains, idle)}"
    waits = milliseconds(re.search(r"^  proxy_read_timeout (\w+);", text, re.M).group(1))
    answers = int(settings.defaults["PERPETUA_COMMAND_TIMEOUT_MS"])
    if not waits > answers:
        yield f"{NGINX}: waits {waits} ms, the exchange answers after up to {answers}"


def all_faults(root, binary, settings):
    """Everything that needs no other program."""
    return [*compose_variables(root, settings), *compose_paths(root), *compose_data(root),
            *compose_ports(root, settings), *cluster_addresses(root), *image_files(root),
            *image_variables(root, settings), *image_packages(root, binary),
            *unit_variables(root, settings), *metrics(root, metric_names(root)), *alerts(root),
            *nginx_limits(root, settings)]
