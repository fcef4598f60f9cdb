"""The network is trained in two phases: the head on cached features, then the head and the top of the backbone."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras

from agelens.data_prep.core.atomic import replacing, write_json
from agelens.models.network.age_net import backbone_of
from agelens.models.network.backbones import unfreeze
from agelens.models.network.folding import fold_age_net
from agelens.models.network.heads import build_head
from agelens.models.training.checkpoint import PhaseState, read_state, write_state
from agelens.models.training.history import EpochRecord, best_epoch, history_table
from agelens.models.training.objective import Objective, compile_model
from agelens.models.training.phases import BatchListener, PhaseConfig, build_optimizer, fit_phase
from agelens.pipeline.config.fingerprints import train_fingerprint, tune_fingerprint
from agelens.pipeline.config.from_params import phase_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import progress_bar, say
from agelens.pipeline.search.search_space import recipe_of
from agelens.pipeline.tracking import Run, tracked_run
from agelens.pipeline.training_data.head_data import HeadData, read_head_data
from agelens.pipeline.training_data.network_data import join_network, make_picture_datasets
from agelens.pipeline.training_data.trunk_data import TrunkData, cache_trunk
from agelens.tuning.recipe import NETWORK, Recipe
from agelens.tuning.results import describe, read_best


def run(params: Params, paths: Paths) -> None:
    """Train both phases and write the network and its history."""
    keras.utils.set_random_seed(params.seed)
    data = read_head_data(params, paths)
    recipe = _choose_recipe(params, paths, data)
    fingerprint = train_fingerprint(params, rows=data.fingerprint, recipe=asdict(recipe))
    with tracked_run("train", paths=paths, config=params.model_dump(mode="json")) as tracked:
        keeper = _Keeper(paths.train_state, fingerprint, tracked)
        head, first = _train_head(params, data, recipe, keeper)
        network, second = _train_network(params, paths, data, head, recipe, first, keeper)
        records = [*first, *second]
        _write_results(network, records, params, recipe, paths)
        keeper.remove()
        tracked.summarise({"val_age_mae": best_epoch(records).val_age_mae})
    best = best_epoch(records)
    say(f"best: epoch {best.epoch} of phase {best.phase}, validation MAE {best.val_age_mae:.2f} years")


def _choose_recipe(params: Params, paths: Paths, data: HeadData) -> Recipe:
    """Return the network and how both phases train it: as the search found, if asked for, else as params.yaml says.

    What a search of scope head has found is about phase 1 alone. One of scope network has trained its heads with phase
    1's own batches, so that no factor is needed; the strength of augmentation that it found is phase 2's.
    """
    recipe = recipe_of(params)
    if not params.train.use_tuned:
        say("the head of params.yaml, untuned (train.use_tuned is false)")
        return recipe
    best = read_best(paths.best_head, fingerprint=tune_fingerprint(params, rows=data.fingerprint))
    tuned = recipe.with_settings(best.settings)
    if params.tune.scope == "head":
        tuned = replace(tuned, learning_rate=tuned.learning_rate * params.train.phase1.lr_factor)
    say(f"tuned {params.tune.scope}: {describe(best.settings)}; phase 1 at {tuned.learning_rate:g}")
    if params.tune.scope == "network":
        phase2 = f"thaws {tuned.unfreeze}, learns at {tuned.phase2_learning_rate:g}"
        say(f"phase 2 {phase2}, with augmentation times {tuned.augment_strength:g}")
    return tuned


@dataclass(frozen=True)
class _Keeper:
    """Where a training that is stopped is gone on with, and who hears of its epochs."""

    folder: Path
    fingerprint: str
    tracked: Run

    def read(self, phase: int) -> PhaseState | None:
        """Read how far a phase came, and tell W&B what an earlier run had told another one."""
        state = read_state(self._path(phase), fingerprint=self.fingerprint)
        if state is not None:
            for record in state.records:
                self.tracked.log_epoch(asdict(record))
            say(f"phase {phase} goes on after its epoch {len(state.records)}, which an earlier run had reached")
        return state

    def keep(self, phase: int, state: PhaseState) -> None:
        """Write how far a phase came."""
        write_state(self._path(phase), state, fingerprint=self.fingerprint)

    def listen(self, record: EpochRecord) -> None:
        """Tell of an epoch."""
        self.tracked.log_epoch(asdict(record))
        say(
            f"epoch {record.epoch} (phase {record.phase}): loss {record.loss:.3f}, train MAE {record.age_mae:.2f}, "
            f"val MAE {record.val_age_mae:.2f}, val group accuracy {record.val_age_group_accuracy:.1%}, "
            f"learning rate {record.learning_rate:.1e}"
        )

    def remove(self) -> None:
        """Remove the states: the training is over."""
        for phase in (1, 2):
            self._path(phase).unlink(missing_ok=True)

    def _path(self, phase: int) -> Path:
        return self.folder / f"phase{phase}.npz"


def _train_head(params: Params, data: HeadData, recipe: Recipe, keeper: _Keeper) -> tuple[Any, list[EpochRecord]]:
    head = build_head(recipe.head, features=data.width, groups=len(params.age_groups), start_age=data.start_age)

    def datasets(first_epoch: int) -> tuple[Any, int, Any]:
        size = params.train.phase1.batch_size
        return data.datasets(outputs=head.output, batch_size=size, seed=params.seed, first_epoch=first_epoch)

    config = recipe.first_phase(phase_of(params.train.phase1))
    return head, _fit(head, datasets, recipe.objective, config=config, phase=1, before=0, keeper=keeper)


def _fit(
    model: Any,
    datasets: Callable[[int], tuple[Any, int, Any]],
    objective: Objective,
    *,
    config: PhaseConfig,
    phase: int,
    before: int,
    keeper: _Keeper,
) -> list[EpochRecord]:
    """Train one phase from where it was stopped; `datasets` makes training set, steps and validation set."""
    state = keeper.read(phase)
    done = len(state.records) if state else 0
    training, steps, validation = datasets(done)
    compile_model(model, objective, optimizer=build_optimizer(config, steps=steps))
    with progress_bar(f"phase {phase}, batches", total=steps * config.epochs) as advance:
        advance(steps * done)
        return fit_phase(
            model,
            training,
            steps=steps,
            validation=validation,
            config=config,
            phase=phase,
            first_epoch=before,
            state=state,
            keep=lambda state: keeper.keep(phase, state),
            listener=keeper.listen,
            callbacks=[BatchListener(advance)],
        )


def _train_network(
    params: Params,
    paths: Paths,
    data: HeadData,
    head: Any,
    recipe: Recipe,
    before: list[EpochRecord],
    keeper: _Keeper,
) -> tuple[Any, list[EpochRecord]]:
    keras.mixed_precision.set_global_policy(params.train.precision)
    section, name = params.train.phase2, params.model.backbone
    network = join_network(params, head)
    backbone, start = backbone_of(network), network.get_weights()
    thawed = unfreeze(backbone, recipe.unfreeze)
    say(f"phase 2: {thawed} of {len(backbone.weights)} arrays of {name} thawed, BatchNormalization frozen")
    folded = fold_age_net(network)
    trunk = _cache_trunk(params, paths, data, folded, recipe) if section.trunk == "cached" else None

    def datasets(first_epoch: int) -> tuple[Any, int, Any]:
        outputs, seed = network.output, params.seed
        if trunk is not None:
            batch = section.batch_size
            return trunk.datasets(data, outputs=outputs, batch_size=batch, seed=seed, first_epoch=first_epoch)
        return make_picture_datasets(
            params,
            paths,
            data,
            recipe=recipe,
            outputs=outputs,
            seed=seed,
            first_epoch=first_epoch,
        )

    trained = folded if trunk is None else trunk.top
    config = replace(phase_of(section), learning_rate=recipe.phase2_learning_rate)
    records = _fit(trained, datasets, recipe.objective, config=config, phase=2, before=len(before), keeper=keeper)
    if trunk is not None:
        trunk.remove()
    if best_epoch(before).val_age_mae <= best_epoch(records).val_age_mae:
        say("phase 2 did not better phase 1, whose weights are kept")
        network.set_weights(start)
    return _in_float32(params, network, head), records


def _cache_trunk(params: Params, paths: Paths, data: HeadData, network: Any, recipe: Recipe) -> TrunkData:
    return cache_trunk(
        params,
        data,
        network=network,
        recipe=recipe,
        views=params.train.phase2.views,
        crops=paths.crops,
        folder=paths.trunk,
        instead="Lower train.phase2.views, or set train.phase2.trunk to live.",
    )


def _in_float32(params: Params, network: Any, head: Any) -> Any:
    """Return the network free of mixed precision, whose casts the served graph cannot hold."""
    if params.train.precision == "float32":
        return network
    keras.mixed_precision.set_global_policy("float32")
    plain = join_network(params, head)
    plain.set_weights(network.get_weights())
    return plain


def _write_results(network: Any, records: list[EpochRecord], params: Params, recipe: Recipe, paths: Paths) -> None:
    history = history_table(records)
    with replacing(paths.train_report / "history.csv") as temporary:
        history.to_csv(temporary, index=False)
    best = best_epoch(records)
    summary = {
        "best": asdict(best),
        "head": asdict(recipe.head),
        "phase2": {name: getattr(recipe, name) for name in NETWORK},
        "backbone": backbone_of(network).name,
        "seed": params.seed,
    }
    write_json(paths.train_report / "training.json", summary)
    with replacing(paths.age_net) as temporary:
        network.save(temporary)
