"""Every pretrained file that the project knows: where it comes from, what it must be, and under which licence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WeightsFile:
    """One published file of weights.

    Args:
        name: What users call it.
        file: Its name on disk, under `weights/pretrained/`.
        url: Where it is published.
        digest: `sha256:...` or, where the publisher gives nothing better, `md5:...`.
        licence: As its publisher states it.
        page: Where to read about it.
        figures: Accuracy as its publisher reports it.
        size: Bytes, where published.
    """

    name: str
    file: str
    url: str
    digest: str
    licence: str
    page: str
    figures: str
    size: int | None = None


_KERAS = "https://storage.googleapis.com"

REGISTRY = {
    entry.name: entry
    for entry in (
        WeightsFile(
            name="face_yolov8n",
            file="face_yolov8n.pt",
            url="https://huggingface.co/Bingsu/adetailer/resolve/53cc19de382014514d9d4038601d261a7faa9b7b/face_yolov8n.pt",
            digest="sha256:70b640f8f60b1cf0dcc72f30caf3da9495eb2fb6509da48c53374ad6806e6a9c",
            licence="card says Apache-2.0; Ultralytics holds models trained with YOLOv8 under AGPL-3.0",
            page="https://huggingface.co/Bingsu/adetailer",
            figures="its own validation set: mAP50 0.660, mAP50-95 0.366",
            size=6_230_011,
        ),
        WeightsFile(
            name="yolov8n_face_lindevs",
            file="yolov8n-face-lindevs.pt",
            url="https://github.com/lindevs/yolov8-face/releases/latest/download/yolov8n-face-lindevs.pt",
            digest="sha256:a72e65818b9d61b15d6b5f58996b2391c827f4508c5725706cf61d05a9a70e49",
            licence="MIT file; Ultralytics holds models trained with YOLOv8 under AGPL-3.0",
            page="https://github.com/lindevs/yolov8-face",
            figures="WIDER FACE easy/medium/hard 93.8/91.8/79.4",
        ),
        WeightsFile(
            name="yolov8n_face_lindevs_onnx",
            file="yolov8n-face-lindevs.onnx",
            url="https://github.com/lindevs/yolov8-face/releases/latest/download/yolov8n-face-lindevs.onnx",
            digest="sha256:3ebbeaddfe4fc51a9ab119a4c67cc6193b559b07a8104d029ba0e146fcaa2ad4",
            licence="MIT file; Ultralytics holds models trained with YOLOv8 under AGPL-3.0",
            page="https://github.com/lindevs/yolov8-face",
            figures="WIDER FACE easy/medium/hard 93.8/91.8/79.4",
        ),
        WeightsFile(
            name="efficientnet_b0_imagenet",
            file="efficientnetb0_notop.h5",
            url=f"{_KERAS}/keras-applications/efficientnetb0_notop.h5",
            digest="md5:50bc09e76180e00e4465e1a485ddc09d",
            licence="Apache-2.0",
            page="https://keras.io/api/applications/",
            figures="ImageNet top-1 77.1 %",
        ),
        WeightsFile(
            name="resnet50_imagenet",
            file="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            url=f"{_KERAS}/tensorflow/keras-applications/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            digest="md5:4d473c1dd8becc155b73f8504c6f6626",
            licence="MIT",
            page="https://keras.io/api/applications/",
            figures="ImageNet top-1 74.9 %",
        ),
    )
}
