"""The ages of the people in a video: faces are detected in every frame, and ages predicted for a few views of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from agelens.data_prep.faces.detector import Detections
from agelens.models.serving.pooled_ages import AgePool, PooledAge
from agelens.models.serving.predictions import AgePrediction
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.video.face_tracker import FaceTracker, Followed
from agelens.pipeline.video.frames import Frame

FACES_PER_FRAME = 1
"""Ages that are predicted in a frame, at most; the tracks with the fewest views come first."""

MAX_VIEWS = 40
"""Of a track. More change its age by less than a tenth of a year."""


@dataclass
class Track:
    """A person who is followed through a part of a video.

    Args:
        number: From 1, in the order of appearance.
        pool: The views whose ages were predicted.
        first_seconds: Time of the first frame.
        last_seconds: Time of the last frame.
        frames: Number of frames with the face.
    """

    number: int
    pool: AgePool
    first_seconds: float
    last_seconds: float = 0.0
    frames: int = 0

    @property
    def age(self) -> PooledAge | None:
        """The age over all views so far; None before the first."""
        return self.pool.result()


@dataclass
class VideoAnalysis:
    """Follows the faces of a video and pools their ages.

    Args:
        predictor: The model.
        rate: Frames per second of the video.
        tracks: All tracks so far, by number.
    """

    predictor: AgePredictor
    rate: float
    tracks: dict[int, Track] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tracker = FaceTracker(self.rate)
        self._distribution = self.predictor.card.calibration.needs_distribution

    def follow(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, list[AgePrediction]]]:
        """Yield each frame with its faces; their ages are those of their tracks so far."""
        for frame in frames:
            found = self.step(frame)
            ages = [(self.tracks[number].age, box, score) for number, box, score in found]
            yield frame, [_shown(age, box, score) for age, box, score in ages if age is not None]

    def step(self, frame: Frame) -> list[Followed]:
        """Add one frame; return number of the track, box `(4,)` and score of each face that is followed in it."""
        (found,) = self.predictor.detect([frame.image])
        followed = self._tracker.follow(frame.image, found)
        for number, _, _ in followed:
            if number not in self.tracks:
                self.tracks[number] = Track(number, AgePool(self.predictor.card), frame.seconds)
            track = self.tracks[number]
            track.frames, track.last_seconds = track.frames + 1, frame.seconds
        self._predict(frame, {number: (box, score) for number, box, score in followed})
        return followed

    def _predict(self, frame: Frame, boxes: dict[int, tuple[npt.NDArray[np.float64], float]]) -> None:
        """Add a view to the tracks of this frame with the fewest."""
        waiting = sorted(boxes, key=lambda number: self.tracks[number].pool.views)
        chosen = [number for number in waiting if self.tracks[number].pool.views < MAX_VIEWS][:FACES_PER_FRAME]
        if not chosen:
            return
        faces = Detections(
            boxes=np.stack([boxes[number][0] for number in chosen]),
            scores=np.array([boxes[number][1] for number in chosen]),
        )
        predicted = self.predictor.predict_detected(frame.image, faces, distribution=self._distribution)
        for face in predicted:  # largest first
            distances = [np.abs(np.array(face.box) - boxes[number][0]).sum() for number in chosen]
            self.tracks[chosen[int(np.argmin(distances))]].pool.add(face)


def _shown(age: PooledAge, box: npt.NDArray[np.float64], score: float) -> AgePrediction:
    x1, y1, x2, y2 = (float(value) for value in box)
    return AgePrediction(
        box=(x1, y1, x2, y2),
        score=score,
        age=age.age,
        interval=age.interval,
        age_group=age.age_group,
        probabilities=(),
        attributes={} if age.gender is None else {"gender": age.gender},
    )
