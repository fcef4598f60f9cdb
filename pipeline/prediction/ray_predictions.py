"""`agelens predict --engine ray`: photographs are predicted by actors on a cluster, each with the whole model."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from agelens.data_prep.core.errors import DataError, ImageError
from agelens.data_prep.sources.ray_cluster import connect_to_ray, path_for_all
from agelens.data_prep.sources.remote import is_address, read_content
from agelens.models.serving.predictions import FacePredictions
from agelens.models.serving.predictor import MAX_THREADS, AgePredictor


def predict_on_ray(
    sources: Sequence[str], *, load: Callable[[], AgePredictor], largest: bool, batch: int
) -> Iterator[FacePredictions | ImageError]:
    """Yield the faces of each photograph in order, or the error of one that cannot be used.

    The actors read the photographs, so their paths must be valid on all machines: in a shared folder, or an address
    such as `s3://bucket/photo.jpg`. An actor takes the cores of a machine, at most as many as the predictor uses.

    Args:
        sources: Paths and addresses.
        load: Loads the model; called in every actor.
        largest: Only the largest face of each photograph.
        batch: Photographs that an actor gets at once.

    Raises:
        DataError: Ray is not installed.
    """
    ray = connect_to_ray(wanted_by="--engine ray")
    if not sources:
        return
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    cores = min([MAX_THREADS, *(count for count in machines if count)])
    actors = max(1, sum(count // cores for count in machines))
    items = [{"source": path_for_all(source)} for source in sources]
    batches = ray.data.from_items(items, override_num_blocks=min(-(-len(items) // batch), 4 * actors)).map_batches(
        _Actor,
        fn_constructor_args=(load, largest, batch),
        batch_size=batch,
        num_cpus=cores,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors),
    )
    rows = (packed for part in batches.iter_batches(batch_size=batch, batch_format="numpy") for packed in part["found"])
    for source, packed in zip(sources, rows, strict=True):
        found = pickle.loads(packed)
        if isinstance(found, tuple):
            reason, detail = found
            found = ImageError(reason, detail.replace(path_for_all(source), source))
        yield found


class _Actor:
    """Runs in a worker process of Ray; loads its model once."""

    def __init__(self, load: Callable[[], AgePredictor], largest: bool, batch: int) -> None:
        self._predictor, self._largest, self._batch = load(), largest, batch

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        images = [_read(str(source)) for source in batch["source"]]
        readable = [image for image in images if not isinstance(image, ImageError)]
        found = self._predictor.predict_each(readable, largest=self._largest, batch=self._batch)
        results = [image if isinstance(image, ImageError) else next(found) for image in images]
        return {"found": [pickle.dumps(_plain(result)) for result in results]}


def _plain(found: FacePredictions | ImageError) -> FacePredictions | tuple[str, str]:
    """Return what pickle can restore: an error as its reason and detail."""
    return (found.reason, found.detail) if isinstance(found, ImageError) else found


def _read(source: str) -> str | bytes | ImageError:
    """Return the content at an address, or the path of a file, which the predictor reads."""
    if not is_address(source):
        return source
    try:
        return read_content(source)
    except ImageError as error:
        return error
    except DataError as error:
        return ImageError("unreadable", str(error))
