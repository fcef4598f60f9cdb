"""The commands that serve predictions until they are stopped: `agelens serve` and `agelens app`."""

import ipaddress
import os
import signal
from typing import Annotated

import typer

from agelens.pipeline.commands.models.options import MODEL_HELP


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    model: Annotated[str | None, typer.Option(help=MODEL_HELP)] = None,
    token: Annotated[
        str,
        typer.Option(
            envvar="AGELENS_TOKEN",
            show_default=False,
            help="Requests must send it as `Authorization: Bearer TOKEN`. Prefer the variable: arguments are visible.",
        ),
    ] = "",
    max_megabytes: Annotated[float, typer.Option(help="Largest request.", min=0.01, max=1000)] = 20,
    max_images: Annotated[int, typer.Option(help="Most images of one request.", min=1)] = 32,
    rate: Annotated[
        str, typer.Option(help="Requests that one address may send, such as 120/minute; empty: no limit.")
    ] = "120/minute",
) -> None:
    """Serve predictions over HTTP: POST an image to /predict, or several to /predict/batch.

    The documentation of the service is at /docs, its model at /health. Images are held in memory only and never
    written or logged. The service listens on this machine only, unless --host says otherwise.

    Example: `curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' http://127.0.0.1:8000/predict`
    """
    import uvicorn  # noqa: PLC0415

    from agelens import AgePredictor, __version__  # noqa: PLC0415
    from agelens.data_prep.core.hashing import file_hash  # noqa: PLC0415
    from agelens.models.hub.locate import locate_model  # noqa: PLC0415
    from agelens.models.serving.model_card import MODEL_FILE  # noqa: PLC0415
    from agelens.pipeline.prediction.text import printable  # noqa: PLC0415
    from agelens.pipeline.service.app import create_service  # noqa: PLC0415
    from agelens.pipeline.service.settings import ServiceSettings  # noqa: PLC0415

    check_rate(rate)
    settings = ServiceSettings(
        max_bytes=int(max_megabytes * 1e6),
        max_images=max_images,
        rate=rate,
        token=token,
        concurrency=os.cpu_count() or 1,
    )
    predictor = AgePredictor.load(model)
    digest = file_hash(locate_model(model) / MODEL_FILE)
    service = create_service(predictor, sha256=digest, version=__version__, settings=settings)
    if not token and not _is_loopback(host):
        warning = f"everyone who reaches {host}:{port} can use this service; set AGELENS_TOKEN"
        typer.secho(warning, fg="yellow", err=True)
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"agelens {__version__} serves {printable(predictor.card.name)} at http://{shown}:{port}/docs", err=True)
    uvicorn.run(service, host=host, port=port, log_level="warning", access_log=False)


def app(
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7860,
    model: Annotated[str | None, typer.Option(help=MODEL_HELP)] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
) -> None:
    """Open a web page that shows the ages in photographs: upload some, or take one with the camera.

    The page works without a network. Photographs stay on this machine and are deleted within ten minutes.
    """
    from agelens import AgePredictor  # noqa: PLC0415
    from agelens.pipeline.web_page.page_folder import page_folder  # noqa: PLC0415

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the folder of photographs is removed
    with page_folder() as folder:
        os.environ["GRADIO_TEMP_DIR"] = str(folder)  # Gradio reads it when it is imported
        from agelens.pipeline.web_page.launch import launch_page  # noqa: PLC0415

        launch_page(AgePredictor.load(model), folder=folder, host=host, port=port, open_browser=open_browser)


def check_rate(rate: str) -> None:
    """Raise `ParamsError` unless a rate can be read."""
    from limits import parse  # noqa: PLC0415

    from agelens.data_prep.core.errors import ParamsError  # noqa: PLC0415

    try:
        if rate:
            parse(rate)
    except ValueError as error:
        msg = f"--rate must be a number of requests in a time, such as 120/minute or 5/second. Received: {rate!r}."
        raise ParamsError(msg) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
