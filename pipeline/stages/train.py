"""The network is trained in two phases: the head on cached features, then the head and the top of the backbone."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from data_prep.atomic import replacing, write_json
from data_prep.dataset import make_dataset, make_training_dataset
from models.age_net import backbone_of, build_age_net
from models.backbones import BACKBONES, build_backbone, unfreeze
from models.heads import HeadConfig, build_head
from models.objective import Objective, compile_model, loss_weights_of, targets_of
from models.plots import draw_history, write_figure
from models.training import BatchListener, EpochRecord, best_epoch, build_optimizer, fit_phase, history_table
from pipeline.candidates import recipe_of
from pipeline.choices import augmentation_of, phase_of
from pipeline.fingerprints import tune_fingerprint
from pipeline.head_data import HeadData, read_head_data
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import progress_bar, say
from pipeline.tracking import Run, tracked_run
from tuning.recipe import Recipe
from tuning.results import describe, read_best


def run(params: Params, paths: Paths) -> None:
    """Train both phases and write the network and its history."""
    keras.utils.set_random_seed(params.seed)
    data = read_head_data(params, paths)
    recipe = _choose_recipe(params, paths, data)
    with tracked_run("train", paths=paths, config=params.model_dump(mode="json")) as tracked:
        listener = _listener(tracked)
        head, first = _train_head(params, data, recipe, listener)
        network, second = _train_network(params, paths, data, head, recipe.objective, first, listener)
        records = [*first, *second]
        _write_results(network, records, params, recipe.head, paths)
        tracked.log_picture("history", paths.train_report / "history.png")
        tracked.summarise({"val_age_mae": best_epoch(records).val_age_mae})
    best = best_epoch(records)
    say(f"best: epoch {best.epoch} of phase {best.phase}, validation MAE {best.val_age_mae:.2f} years")


def _choose_recipe(params: Params, paths: Paths, data: HeadData) -> Recipe:
    """Return the head and how phase 1 trains it: as the search found, if asked for, else as params.yaml says."""
    recipe = recipe_of(params)
    if not params.train.use_tuned:
        say("the head of params.yaml, untuned (train.use_tuned is false)")
        return recipe
    best = read_best(paths.best_head, fingerprint=tune_fingerprint(params, rows=data.fingerprint))
    tuned = recipe.with_settings(best.settings)
    tuned = replace(tuned, learning_rate=tuned.learning_rate * params.train.phase1.lr_factor)
    say(f"tuned head: {describe(best.settings)}; phase 1 at {tuned.learning_rate:g}")
    return tuned


def _listener(tracked: Run) -> Callable[[EpochRecord], None]:
    def listen(record: EpochRecord) -> None:
        tracked.log_epoch(asdict(record))
        say(
            f"epoch {record.epoch} (phase {record.phase}): loss {record.loss:.3f}, train MAE {record.age_mae:.2f}, "
            f"val MAE {record.val_age_mae:.2f}, val group accuracy {record.val_age_group_accuracy:.1%}, "
            f"learning rate {record.learning_rate:.1e}"
        )

    return listen


def _train_head(
    params: Params, data: HeadData, recipe: Recipe, listener: Callable[[EpochRecord], None]
) -> tuple[Any, list[EpochRecord]]:
    section = params.train.phase1
    head = build_head(recipe.head, features=data.width, groups=len(params.age_groups), start_age=data.start_age)
    training, steps, validation = data.datasets(outputs=head.output, batch_size=section.batch_size, seed=params.seed)
    phase = replace(phase_of(section), learning_rate=recipe.learning_rate, weight_decay=recipe.weight_decay)
    compile_model(head, recipe.objective, optimizer=build_optimizer(phase, steps=steps))
    with progress_bar("phase 1, batches", total=steps * section.epochs) as advance:
        records = fit_phase(
            head,
            training,
            steps=steps,
            validation=validation,
            config=phase,
            phase=1,
            listener=listener,
            callbacks=[BatchListener(advance)],
        )
    return head, records


def _train_network(
    params: Params,
    paths: Paths,
    data: HeadData,
    head: Any,
    objective: Objective,
    before: list[EpochRecord],
    listener: Callable[[EpochRecord], None],
) -> tuple[Any, list[EpochRecord]]:
    keras.mixed_precision.set_global_policy(params.train.precision)
    section, name = params.train.phase2, params.model.backbone
    network = _join(params, head)
    backbone, start = backbone_of(network), network.get_weights()
    thawed = unfreeze(backbone, BACKBONES[name].unfreeze if section.unfreeze is None else section.unfreeze)
    say(f"phase 2: {thawed} of {len(backbone.weights)} arrays of {name} thawed, BatchNormalization frozen")
    training, steps, validation = _picture_datasets(params, paths, data, network)
    phase = phase_of(section)
    compile_model(network, objective, optimizer=build_optimizer(phase, steps=steps))
    with progress_bar("phase 2, batches", total=steps * section.epochs) as advance:
        records = fit_phase(
            network,
            training,
            steps=steps,
            validation=validation,
            config=phase,
            phase=2,
            first_epoch=len(before),
            listener=listener,
            callbacks=[BatchListener(advance)],
        )
    if best_epoch(before).val_age_mae <= best_epoch(records).val_age_mae:
        say("phase 2 did not better phase 1, whose weights are kept")
        network.set_weights(start)
    return _in_float32(params, network, head), records


def _join(params: Params, head: Any) -> Any:
    """Return the whole network with a copy of the head.

    The head itself is compiled; it would drag its losses into the saved network, and whoever loads it would need
    their classes.
    """
    size, model = params.crop_faces.size, params.model
    backbone = build_backbone(model.backbone, input_shape=(size, size, 3), weights=model.weights, seed=params.seed)
    bare = keras.Model.from_config(head.get_config())
    bare.set_weights(head.get_weights())
    return build_age_net(backbone, bare)


def _in_float32(params: Params, network: Any, head: Any) -> Any:
    """Return the network free of mixed precision, whose casts the served graph cannot hold."""
    if params.train.precision == "float32":
        return network
    keras.mixed_precision.set_global_policy("float32")
    plain = _join(params, head)
    plain.set_weights(network.get_weights())
    return plain


def _picture_datasets(params: Params, paths: Paths, data: HeadData, network: Any) -> tuple[Any, int, Any]:
    section, size = params.train.phase2, params.crop_faces.size
    training, steps = make_training_dataset(
        _crops(data.train, paths),
        targets_of(data.train, network.output),
        weights=loss_weights_of(data.train, network.output),
        copies=data.train["copies"].to_numpy(np.int64),
        size=size,
        batch_size=section.batch_size,
        augmentation=augmentation_of(params),
        views=section.views,
        seed=params.seed,
    )
    targets = targets_of(data.val, network.output)
    return training, steps, make_dataset(_crops(data.val, paths), targets, size=size, batch_size=section.batch_size)


def _crops(table: pd.DataFrame, paths: Paths) -> list[Path]:
    return [paths.crops / name for name in table["crop"]]


def _write_results(network: Any, records: list[EpochRecord], params: Params, head: HeadConfig, paths: Paths) -> None:
    history = history_table(records)
    with replacing(paths.train_report / "history.csv") as temporary:
        history.to_csv(temporary, index=False)
    write_figure(paths.train_report / "history.png", draw_history(history))
    best = best_epoch(records)
    summary = {"best": asdict(best), "head": asdict(head), "backbone": backbone_of(network).name, "seed": params.seed}
    write_json(paths.train_report / "training.json", summary)
    with replacing(paths.age_net) as temporary:
        network.save(temporary)
