"""`exporter`: the doctor as a service that Prometheus scrapes."""

from __future__ import annotations

import os
import signal
import sys
from queue import SimpleQueue

import click

from jhubdoctor.commands import options
from jhubdoctor.commands.connect import live
from jhubdoctor.engine.registry import load
from jhubdoctor.model.errors import DoctorError
from jhubdoctor.model.hub import Scope
from jhubdoctor.visits import config
from jhubdoctor.visits.visit import Visit


@click.command()
@options.connection
@options.scope
@options.selection
@options.configuration
@options.privacy
@click.option(
    "--listen",
    default=":9877",
    show_default=True,
    metavar="[HOST]:PORT",
    help="Where to serve. The reports name pods: keep it inside the cluster.",
)
@click.option(
    "--interval",
    type=options.interval,
    default="5m",
    show_default=True,
    metavar="TIME",
    help="From the start of one run to the start of the next.",
)
@click.option("--metrics-only", is_flag=True, help="Serve no report: metrics name no pods and no users.")
@click.option("--accept-unknown", is_flag=True, help="A run is complete also where a right is missing.")
def exporter(
    *,
    kubeconfig: str | None,
    context_name: str | None,
    timeout: float,
    concurrency: int,
    namespace: str | None,
    all_namespaces: bool,
    release: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    config_path: str | None,
    redact_users: bool,
    listen: str,
    interval: float,
    metrics_only: bool,
    accept_unknown: bool,
) -> None:
    """Look every few minutes and serve metrics and the last report.

    It serves /metrics for Prometheus, /healthz, /report.json and /report.html. Inside a cluster it uses the service
    account of its pod, outside a kubeconfig.
    """
    # prometheus_client and http.server are imported by this command alone
    from jhubdoctor.service.exporter import Exporter
    from jhubdoctor.service.http import Server, address, serve

    try:
        host, port = address(listen)
    except ValueError as e:
        raise click.BadParameter(f"{listen!r} is no address. Write [HOST]:PORT, as in :9877.") from e
    registry = load()
    visit = Visit(
        registry=registry,
        checks=registry.select(select, ignore),
        connect=live(kubeconfig, context_name, timeout, concurrency),
        scope=Scope(namespace, all_namespaces, release),
        concurrency=concurrency,
        accept_unknown=accept_unknown,
        suppressions=config.load(config_path),
    )
    if redact_users:
        from jhubdoctor.visits.kept import anonymous

        visit = anonymous(visit)
    service = Exporter(
        visit, knows=registry.knows, interval=interval, patience=3 * interval + 2 * timeout, say=options.say
    )
    try:
        server = Server(host, port, service, metrics_only=metrics_only)
    except OSError as e:
        raise DoctorError(
            f"{listen} cannot be listened on: {e.strerror or type(e).__name__}.", "Choose another with --listen."
        ) from e
    # a signal may come while another is handled: an Event would then wait for itself, only put() may be interrupted
    signals: SimpleQueue[None] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: signals.put(None))
    options.say(f"serving {server.url}/metrics, a run every {interval:g} s")
    ended = serve(server, signals)
    options.say("stopped")
    sys.stderr.flush()
    if not ended:
        # a request to the cluster still hangs; it only reads, so there is nothing to lose
        os._exit(0)
