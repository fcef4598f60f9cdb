"""How fast `agelens video` is, and how much less the age of a track varies than that of single frames.

    python -m benchmarks.prediction.video CLIP... [--record]

For each clip: frames per second, and for each track the standard deviation over its frames of the age that is shown
(pooled over the views so far, from the fifth view on) and of the age of each frame by itself.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from agelens import AgePredictor
from agelens.data_prep.faces.detector import Detections
from agelens.pipeline.video.analysis import VideoAnalysis
from agelens.pipeline.video.frames import Frame, FrameSource
from benchmarks.evidence import add_record_option, write_result

HEIGHT = 720
MIN_FRAMES = 12


def main() -> None:
    """Measure all clips."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    add_record_option(parser)
    asked = parser.parse_args()
    started = time.perf_counter()
    predictor = AgePredictor.load()
    clips = [measure(predictor, path) for path in asked.clips]
    write_result("video", {"clips": clips}, seconds=time.perf_counter() - started, record=asked.record)


def measure(predictor: AgePredictor, path: Path) -> dict[str, Any]:
    """Return speed and spreads for one clip, whose frames are reduced to at most 720 lines."""
    with FrameSource(path) as source:
        frames, rate = [_reduced(frame) for frame in source], source.rate
    analysis = VideoAnalysis(predictor, rate)
    started = time.perf_counter()
    shown = list(analysis.follow(frames))
    seconds = time.perf_counter() - started
    return {
        "clip": path.name,
        "size": list(frames[0].image.shape[:2]),
        "frames": len(frames),
        "frames_per_second": round(len(shown) / seconds, 1),
        "tracks": _spreads(predictor, frames, rate),
    }


def _reduced(frame: Frame) -> Frame:
    scale = min(1.0, HEIGHT / frame.image.shape[0])
    return frame._replace(image=cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _spreads(predictor: AgePredictor, frames: list[Frame], rate: float) -> list[dict[str, Any]]:
    """Return the spread of the shown ages of each long track, and of the ages of its single frames."""
    analysis = VideoAnalysis(predictor, rate)
    pooled: dict[int, list[float]] = {}
    single: dict[int, list[float]] = {}
    for frame in frames:
        for number, box, score in analysis.step(frame):
            track = analysis.tracks[number].age
            if track is None or track.views < 5:
                continue
            pooled.setdefault(number, []).append(track.age)
            faces = Detections(boxes=box[None], scores=np.array([score]))
            single.setdefault(number, []).extend(face.age for face in predictor.predict_detected(frame.image, faces))
    return [
        {
            "track": number,
            "frames": len(ages),
            "pooled_sd": round(float(np.std(ages)), 2),
            "single_sd": round(float(np.std(single[number])), 2),
        }
        for number, ages in pooled.items()
        if len(ages) >= MIN_FRAMES
    ]


if __name__ == "__main__":
    main()
