"""The frozen backbone as the fastest runtime runs it: what features are extracted with."""

from models.age_net import build_feature_net
from models.backbones import build_backbone
from models.runtime import Network, convert_network
from pipeline.params import Params


def open_feature_network(params: Params) -> Network:
    """Return the runtime network from pictures of a crop's size to pooled features."""
    size, model = params.crop_faces.size, params.model
    backbone = build_backbone(model.backbone, input_shape=(size, size, 3), weights=model.weights, seed=params.seed)
    return Network(convert_network(build_feature_net(backbone)))
