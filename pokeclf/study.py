"""The fifteen models as one table.

The trainer, the checkpoints, the command line, the dashboard, the tests and the README all read
this table; a sixteenth model is one more entry. The figures of the study are its own, measured
on its own split of a similar data set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pokeclf import recipes
from pokeclf.errors import PokeclfError
from pokeclf.recipe import Recipe, TreeRecipe

SCRATCH = "scratch"
EXPERIMENT_1 = "experiment 1"
EXPERIMENT_2 = "experiment 2"
STAGES = (SCRATCH, EXPERIMENT_1, EXPERIMENT_2)
IMAGE_SIZES: Mapping[tuple[int, int], int] = MappingProxyType(
    {
        (240, 240): 12264, (1280, 720): 144, (225, 225): 136, (300, 168): 54, (1920, 1080): 48,
        (734, 1024): 36, (500, 500): 35, (646, 646): 35, (600, 600): 34, (600, 825): 34,
    }
)  # fmt: skip
"""The most common image sizes that the study reports of its data set, with numbers of images."""


@dataclass(frozen=True)
class StudyModel:
    """One row of the study.

    Attributes
    ----------
    architecture : a key of :data:`pokeclf.models.ARCHITECTURES`.
    study_accuracy : test accuracy that the study reports, 0…1.
    promised_accuracy : test accuracy that is promised of the bundled checkpoint, 0…1.
    study_parameters : number of parameters that the study reports; None for tree ensembles.
    backbone : timm name of the body, None for networks that are written here; ``study_backbone``
        is the one that the study used and ``pretrained`` tells whether training starts from its
        pretrained weights.
    frozen : whether the backbone keeps its pretrained weights.
    features_from : for trees, the model whose features they learn from.
    study_by_setting : for trees, the study's accuracy with each of its settings.
    stored_bits : how many bits a checkpoint keeps of a weight, by the beginning of its name (see
        :func:`pokeclf.storage.compact`); 16 where nothing is said.
    recipes : by name; ``"study"`` is the study's own set-up, ``"tuned"`` is ours.
    """

    id: str
    name: str
    stage: str
    architecture: str
    summary: str
    study_accuracy: float
    promised_accuracy: float
    study_parameters: int | None
    recipes: Mapping[str, Recipe | TreeRecipe]
    backbone: str | None = None
    study_backbone: str | None = None
    pretrained: bool = False
    frozen: bool = False
    features_from: str | None = None
    study_by_setting: tuple[float, ...] = ()
    stored_bits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_tree(self) -> bool:
        """Whether the model is a tree ensemble on another model's features."""
        return self.features_from is not None


def _recipes(tuned: Recipe, study: Recipe = recipes.STUDY) -> Mapping[str, Recipe]:
    return MappingProxyType({"tuned": tuned, "study": study})


def _tree_recipes(**tuned_options: float | int | str) -> Mapping[str, TreeRecipe]:
    return MappingProxyType(
        {
            "tuned": TreeRecipe(recipes.TREES, tuned_options),
            "study": TreeRecipe(recipes.TREES),
        }
    )


def _trees(
    experiment: int,
    study: tuple[tuple[float, float, float], ...],
    promised: tuple[float, float, float],
) -> tuple[StudyModel, ...]:
    source = "resnet18_finetuned" if experiment == 1 else "resnet18_frozen"
    width = 512 if experiment == 1 else 256
    kinds = (
        ("xgboost", "XGBoost", recipes.BOOSTING),
        ("random_forest", "Random Forest", {"min_samples_leaf": 1}),
        ("extra_trees", "Extra Trees", {"min_samples_leaf": 1}),
    )
    return tuple(
        StudyModel(
            id=f"{kind}_exp{experiment}",
            name=f"{name} (experiment {experiment})",
            stage=EXPERIMENT_1 if experiment == 1 else EXPERIMENT_2,
            architecture=kind,
            summary=f"{name} on the {width} features of {source}",
            study_accuracy=max(accuracies),
            promised_accuracy=accuracy,
            study_by_setting=accuracies,
            study_parameters=None,
            recipes=_tree_recipes(**options),
            backbone="resnet18",
            study_backbone="resnet18",
            pretrained=True,
            features_from=source,
        )
        for (kind, name, options), accuracies, accuracy in zip(kinds, study, promised, strict=True)
    )


STUDY: tuple[StudyModel, ...] = (
    StudyModel(
        id="basic_cnn",
        name="Basic CNN",
        stage=SCRATCH,
        architecture="basic_cnn",
        summary="three convolutions and two dense layers",
        study_accuracy=0.0066,
        promised_accuracy=0.45,
        study_parameters=29_600_000,
        recipes=_recipes(recipes.BASIC_CNN),
    ),
    StudyModel(
        id="residual_cnn",
        name="Residual CNN",
        stage=SCRATCH,
        architecture="residual_cnn",
        summary="four residual stages and three dense layers",
        study_accuracy=0.1189,
        promised_accuracy=0.65,
        study_parameters=129_000_000,
        recipes=_recipes(recipes.RESIDUAL_CNN),
    ),
    StudyModel(
        id="convmixer",
        name="ConvMixer",
        stage=SCRATCH,
        architecture="convmixer",
        summary="patches of 10 pixels mixed by eight depthwise blocks",
        study_accuracy=0.7109,
        promised_accuracy=0.82,
        study_parameters=700_000,
        recipes=_recipes(recipes.CONVMIXER),
    ),
    StudyModel(
        id="resnet18_scratch",
        name="ResNet-18 from scratch",
        stage=SCRATCH,
        architecture="resnet18",
        summary="ResNet-18 without pretrained weights",
        study_accuracy=0.5924,
        promised_accuracy=0.82,
        study_parameters=11_300_000,
        recipes=_recipes(recipes.RESNET18_SCRATCH),
        backbone="resnet18",
        study_backbone="resnet18",
    ),
    StudyModel(
        id="vit_scratch",
        name="ViT from scratch",
        stage=SCRATCH,
        architecture="vit",
        summary="ViT-B/16 without pretrained weights",
        study_accuracy=0.0844,
        promised_accuracy=0.25,
        study_parameters=85_900_000,
        recipes=_recipes(recipes.VIT_SCRATCH),
        backbone="vit_base_patch16_224",
        study_backbone="vit_base_patch16_224",
        stored_bits=MappingProxyType({"": 8}),
    ),
    StudyModel(
        id="resnet18_finetuned",
        name="ResNet-18 fine-tuned",
        stage=EXPERIMENT_1,
        architecture="resnet18",
        summary="a pretrained ResNet-18, all of whose layers learn",
        study_accuracy=0.6958,
        promised_accuracy=0.945,
        study_parameters=11_300_000,
        recipes=_recipes(recipes.RESNET18_FINETUNED, recipes.STUDY_FINETUNED),
        backbone="resnet18",
        study_backbone="resnet18",
        pretrained=True,
    ),
    StudyModel(
        id="vit_finetuned",
        name="ViT fine-tuned",
        stage=EXPERIMENT_1,
        architecture="vit",
        summary="a pretrained ViT, all of whose layers learn",
        study_accuracy=0.0385,
        promised_accuracy=0.94,
        study_parameters=85_900_000,
        recipes=_recipes(recipes.VIT_FINETUNED, recipes.STUDY_FINETUNED),
        backbone="vit_tiny_patch16_224",
        study_backbone="vit_base_patch16_224",
        pretrained=True,
    ),
    *_trees(1, ((0.41, 0.42, 0.42), (0.25, 0.36, 0.43), (0.31, 0.43, 0.46)), (0.89, 0.89, 0.89)),
    StudyModel(
        id="resnet18_frozen",
        name="ResNet-18 frozen, deep head",
        stage=EXPERIMENT_2,
        architecture="resnet18_deep_head",
        summary="a three-layer head on a frozen ResNet-18",
        study_accuracy=0.5937,
        promised_accuracy=0.80,
        study_parameters=11_600_000,
        recipes=_recipes(recipes.RESNET18_FROZEN),
        backbone="resnet18",
        study_backbone="resnet18",
        pretrained=True,
        frozen=True,
    ),
    StudyModel(
        id="vit_frozen",
        name="ViT frozen, deep head",
        stage=EXPERIMENT_2,
        architecture="vit_deep_head",
        summary="a three-layer head on a frozen ViT",
        study_accuracy=0.8271,
        promised_accuracy=0.86,
        study_parameters=86_400_000,
        recipes=_recipes(recipes.VIT_FROZEN),
        backbone="vit_tiny_patch16_224",
        study_backbone="vit_base_patch16_224",
        pretrained=True,
        frozen=True,
    ),
    *_trees(2, ((0.57, 0.57, 0.58), (0.55, 0.62, 0.63), (0.56, 0.64, 0.66)), (0.68, 0.74, 0.76)),
)

BY_ID: Mapping[str, StudyModel] = MappingProxyType({model.id: model for model in STUDY})


def find(model_id: str) -> StudyModel:
    """The entry of that id; raises PokeclfError naming all ids when there is none."""
    try:
        return BY_ID[model_id]
    except KeyError:
        raise PokeclfError(
            f"There is no model {model_id!r}; the models are {', '.join(BY_ID)}."
        ) from None
