"""Registry of published weights: address, hash, licence and reported accuracy of each file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WeightsFile:
    """One published file of weights.

    Args:
        name: Name in the registry, as users type it.
        file: File name under `weights/pretrained/`.
        url: Address to download from; it must always give the same file.
        digest: `sha256:...`, or `md5:...` where the publisher gives only that.
        licence: Licence as the publisher states it.
        page: Web page that describes the file.
        figures: Accuracy as the publisher reports it.
        size: Size in bytes, where the publisher gives it.
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
