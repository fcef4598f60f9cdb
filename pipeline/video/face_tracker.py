"""Follows faces from frame to frame with ByteTrack, and begins another track where one would join two people."""

import cv2
import numpy as np
import numpy.typing as npt
import supervision
from trackers import ByteTrackTracker

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.detector import Detections

MIN_SCORE = 0.3
"""Score of a face that begins a track; weaker ones only continue one."""

LOST_SECONDS = 1.0
"""How long a track waits for a face that is covered or missed."""

CUT_DIFFERENCE = 40.0
"""Mean difference of two small frames, of 255, above which another scene begins: no track goes through it."""

THUMBNAIL = (32, 18)

MAX_GROWTH = 1.8
"""A face whose side changes by a larger factor from one frame to the next is somebody else's."""


Followed = tuple[int, npt.NDArray[np.float64], float]
"""Number of a track, box `(4,)` xyxy in pixels, score of the detector."""


class FaceTracker:
    """Gives the faces of each frame the numbers of their tracks.

    Args:
        rate: Frames per second.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._scene = 0
        self._parts: dict[int, int] = {}
        self._sides: dict[int, float] = {}
        self._thumbnail: npt.NDArray[np.float32] | None = None
        self._tracker = self._new_tracker()

    def follow(self, image: Pixels, faces: Detections) -> list[Followed]:
        """Return number of the track, box `(4,)` and score of each face that is followed; new faces need two frames."""
        if self._is_cut(image):
            self._scene += 1
            self._tracker, self._parts, self._sides = self._new_tracker(), {}, {}
        found = supervision.Detections(
            xyxy=np.asarray(faces.boxes, np.float32).reshape(-1, 4), confidence=np.asarray(faces.scores, np.float32)
        )
        tracked = self._tracker.update(found)
        if tracked.tracker_id is None or tracked.confidence is None:
            return []
        return [
            (self._number(int(own), box), box.astype(np.float64), float(score))
            for own, box, score in zip(tracked.tracker_id, tracked.xyxy, tracked.confidence, strict=True)
            if own >= 0
        ]

    def _number(self, own: int, box: npt.NDArray[np.float32]) -> int:
        """Return the number of a track; another one from the frame on in which its face changes its size at once."""
        side = float(np.sqrt(max(1.0, (box[2] - box[0]) * (box[3] - box[1]))))
        before = self._sides.get(own, side)
        if max(side / before, before / side) > MAX_GROWTH:
            self._parts[own] = self._parts.get(own, 0) + 1
        self._sides[own] = side
        return self._numbers.setdefault((self._scene, own, self._parts.get(own, 0)), len(self._numbers) + 1)

    def _is_cut(self, image: Pixels) -> bool:
        small = cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._thumbnail = self._thumbnail, small
        return before is not None and float(np.abs(small - before).mean()) > CUT_DIFFERENCE

    def _new_tracker(self) -> ByteTrackTracker:
        return ByteTrackTracker(
            lost_track_buffer=round(30 * LOST_SECONDS),
            frame_rate=self.rate,
            track_activation_threshold=MIN_SCORE,
            high_conf_det_threshold=MIN_SCORE,
            minimum_consecutive_frames=2,
        )
