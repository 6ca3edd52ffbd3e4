"""The recipes of the models: the study's own, which most of them share, and ours.

Which model has which says the table in :mod:`pokeclf.study`.
"""

from __future__ import annotations

from dataclasses import replace

from pokeclf.recipe import HALF, UNIT, Further, Recipe

STUDY = Recipe(
    epochs=25,
    eval_size=240,
    sizes=((1.0, 240),),
    lr=1e-3,
    body_lr=1e-3,
    batch_size=32,
    optimizer="adam",
    schedule="constant",
    weight_decay=0.0,
    label_smoothing=0.0,
    clip=None,
    patience=5,
    normalisation=UNIT,
)
STUDY_FINETUNED = replace(STUDY, frozen_epochs=4)

_TUNED = Recipe(
    epochs=60,
    eval_size=240,
    sizes=((0.6, 160), (0.3, 200), (0.1, 240)),
    lr=1e-3,
    body_lr=1e-3,
    crop=0.4,
)
TREES = ((100, 10), (200, 16), (300, 24))
"""Numbers of trees and largest depths that the study tries, and so do we."""

BASIC_CNN = replace(
    _TUNED,
    epochs=30,
    eval_size=120,
    sizes=((0.5, 80), (0.5, 120)),
    lr=5e-4,
    body_lr=1e-3,
    grid=15,
)
RESIDUAL_CNN = replace(
    _TUNED,
    epochs=24,
    eval_size=80,
    sizes=((0.33, 32), (0.33, 48), (0.25, 64), (0.09, 80)),
    lr=5e-4,
    body_lr=2e-3,
    grid=5,
)
CONVMIXER = replace(
    _TUNED,
    epochs=60,
    eval_size=180,
    sizes=((0.4, 80), (0.4, 120), (0.2, 160)),
    lr=6e-3,
    body_lr=6e-3,
    weight_decay=0.02,
    mixup=0.2,
    cutmix=0.5,
)
RESNET18_SCRATCH = replace(
    _TUNED,
    epochs=48,
    eval_size=160,
    sizes=((0.375, 64), (0.25, 96), (0.225, 128), (0.15, 160)),
    lr=3e-3,
    body_lr=3e-3,
    mixup=0.2,
)
VIT_SCRATCH = replace(
    _TUNED,
    epochs=21,
    eval_size=80,
    sizes=((0.48, 32), (0.28, 48), (0.19, 64), (0.05, 80)),
    lr=1e-3,
    body_lr=5e-4,
    batch_size=128,
)
RESNET18_FINETUNED = replace(
    _TUNED,
    epochs=12,
    eval_size=224,
    sizes=((0.5, 128), (0.25, 160), (0.25, 192)),
    lr=3e-3,
    body_lr=2e-4,
)
VIT_FINETUNED = replace(
    _TUNED,
    epochs=16,
    eval_size=224,
    sizes=((0.7, 160), (0.3, 192)),
    mixup=0.2,
    cards=0.2,
    lr=2e-3,
    body_lr=5e-4,
    layer_decay=0.8,
    normalisation=HALF,
    further=Further(
        epochs=8,
        sizes=((0.6, 160), (0.4, 192)),
        lr=5e-4,
        body_lr=1.5e-4,
        cards=0.5,
        card_times=3,
        # By now it knows the training images by heart, so they are made harder.
        further=Further(
            epochs=8,
            sizes=((1.0, 224),),
            lr=3e-4,
            body_lr=1e-4,
            cards=0.3,
            card_times=2,
            cutmix=1.0,
            drop_path=0.1,
            kept=0.5,
        ),
    ),
)
RESNET18_FROZEN = replace(
    _TUNED,
    epochs=120,
    eval_size=256,
    sizes=((1.0, 224),),
    lr=1e-3,
    body_lr=1e-3,
    mixup=0.4,
    views=6,
    crop=0.5,
    batch_size=256,
)
VIT_FROZEN = replace(
    _TUNED,
    crop=0.5,
    views=3,
    epochs=40,
    eval_size=224,
    sizes=((1.0, 224),),
    lr=2e-3,
    body_lr=2e-3,
    batch_size=256,
    normalisation=HALF,
)

BOOSTING = {
    "learning_rate": 0.1,
    "max_bin": 64,
    "subsample": 0.6,
    # Few features a split make boosting many classes better and several times as fast.
    "colsample_bynode": 0.05,
    # With 151 classes most Hessians are tiny; the library's 1 would stop trees much too early.
    "min_child_weight": 0.05,
}
