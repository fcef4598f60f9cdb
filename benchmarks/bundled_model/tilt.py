"""Make the young more probable in the answers of a trained age network, as far as validation errors allow.

    python -m benchmarks.bundled_model.tilt PROJECT tilted.keras

A network that was trained on balanced ages takes old faces for as frequent as young ones. Where a face says little
about its age, as on an old or a small print, it answers with an age that is too high for the young. A tilt multiplies
the probability of each year by exp(-tilt * age) between 10 and 40 years, and is constant beyond: a change of the prior
(Saerens et al. 2002, "Adjusting the outputs of a classifier to new a priori probabilities"). It is a change of the
biases of one layer. The strongest tilt is taken whose MAE on the split val is at most `--max-cost` years higher.
"""

import argparse
import sys
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.labels import MAX_AGE
from agelens.data_prep.core.tables import SPLIT, read_table
from agelens.models.calibration.temperature import predicted_age
from agelens.models.network.age_net import head_of
from agelens.pipeline.config.params import read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.training_data.network_outputs import predict_rows, read_age_net

Floats = npt.NDArray[np.float64]

TILTED_AGES = (10, 40)
TILTS = np.arange(0.0, 0.0501, 0.001)


def log_odds(tilt: float) -> Floats:
    """Return what a tilt adds to the logits of the years, `(101,)`."""
    return np.asarray(-tilt * np.clip(np.arange(MAX_AGE + 1), *TILTED_AGES), dtype=np.float64)


def tilted(distribution: Floats, tilt: float) -> Floats:
    """Return distributions `(N, 101)` with another prior."""
    found = distribution * np.exp(log_odds(tilt))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def choose_tilt(distribution: Floats, true_age: Floats, *, max_cost: float) -> tuple[float, dict[float, float]]:
    """Return the strongest affordable tilt, and the MAE of the median at each tilt in years.

    Args:
        distribution: `(N, 101)`, of faces that the network was not trained on.
        true_age: `(N,)`, exact ages.
        max_cost: Years by which the MAE may be higher than without a tilt.
    """
    errors = {}
    for tilt in TILTS.round(4).tolist():
        changed = tilted(distribution, tilt)
        ages = predicted_age(changed @ np.arange(MAX_AGE + 1), changed, temperature=1.0, statistic="median")
        errors[tilt] = float(np.abs(ages - true_age).mean())
    return max(tilt for tilt, mae in errors.items() if mae <= errors[0.0] + max_cost), errors


def main(argv: list[str]) -> None:
    """Write the tilted network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, help="with the split val, and the network in weights/trained")
    parser.add_argument("out", type=Path, help="file of the tilted network")
    parser.add_argument("--max-cost", type=float, default=0.05, help="years of MAE on the split val")
    args = parser.parse_args(argv)
    params, paths = read_params(args.project / "params.yaml"), Paths(args.project)
    val = read_table(paths.split_val, SPLIT)
    exact = val[val["age_low"] == val["age_high"]]
    outputs = predict_rows(read_age_net(params, paths), exact, params=params, paths=paths, label="predicting val")
    ages = exact["age"].to_numpy(float)
    tilt, errors = choose_tilt(outputs["age_distribution"].astype(float), ages, max_cost=args.max_cost)
    for tried, mae in errors.items():
        print(f"tilt {tried:.3f}: MAE {mae:.3f}{'  <' if tried == tilt else ''}")
    network = keras.saving.load_model(paths.age_net, compile=False)
    layer = head_of(network).get_layer("age_distribution")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + log_odds(tilt)])
    network.save(args.out)


if __name__ == "__main__":
    main(sys.argv[1:])
