from collections import Counter
from dataclasses import FrozenInstanceError
from itertools import groupby
from pathlib import Path

import pytest

from pokeclf.errors import PokeclfError
from pokeclf.species import BY_SLUG, SPECIES, find, of

KANTO = Path(__file__).parents[1].parent / "shared" / "kanto"


def members(family: str) -> list[str]:
    return [each.slug for each in SPECIES if each.family == family]


def test_there_are_151_in_pokedex_order():
    assert [each.number for each in SPECIES] == list(range(1, 152))


def test_slugs_are_unique_plain_names():
    slugs = [each.slug for each in SPECIES]
    assert len(set(slugs)) == 151
    assert all(slug.isascii() and slug.replace("-", "").isalpha() for slug in slugs)
    assert all(slug == slug.lower() for slug in slugs)
    assert list(BY_SLUG) == slugs


@pytest.mark.parametrize(
    ("number", "slug"),
    [
        (1, "bulbasaur"),
        (25, "pikachu"),
        (32, "nidoran-m"),
        (50, "diglett"),
        (65, "alakazam"),
        (83, "farfetchd"),
        (94, "gengar"),
        (100, "voltorb"),
        (122, "mr-mime"),
        (132, "ditto"),
        (143, "snorlax"),
        (151, "mew"),
    ],
)
def test_numbers(number, slug):
    assert SPECIES[number - 1].slug == slug
    assert BY_SLUG[slug].number == number


def test_names_differ_from_slugs_only_where_they_must():
    odd = {each.slug: each.name for each in SPECIES if each.name != each.slug.capitalize()}
    assert odd == {
        "farfetchd": "Farfetch'd",
        "mr-mime": "Mr. Mime",
        "nidoran-f": "Nidoran♀",
        "nidoran-m": "Nidoran♂",
    }


def test_each_has_one_type_or_two_different_ones():
    for each in SPECIES:
        assert len(each.types) in (1, 2), each
        assert len(set(each.types)) == len(each.types), each


@pytest.mark.parametrize(
    ("slug", "types"),
    [
        ("charizard", ("fire", "flying")),
        ("clefairy", ("fairy",)),
        ("jigglypuff", ("normal", "fairy")),
        ("magnemite", ("electric", "steel")),
        ("mr-mime", ("psychic", "fairy")),
        ("onix", ("rock", "ground")),
        ("rhyhorn", ("ground", "rock")),
        ("gyarados", ("water", "flying")),
        ("dragonite", ("dragon", "flying")),
    ],
)
def test_types_are_the_modern_ones(slug, types):
    assert BY_SLUG[slug].types == types


def test_types_add_up():
    """How many of the 151 carry each type today, first or second."""
    counts = Counter(kind for each in SPECIES for kind in each.types)
    assert counts == {
        "bug": 12, "dragon": 3, "electric": 9, "fairy": 5, "fighting": 8, "fire": 12,
        "flying": 19, "ghost": 3, "grass": 14, "ground": 14, "ice": 5, "normal": 22,
        "poison": 33, "psychic": 14, "rock": 11, "steel": 2, "water": 32,
    }  # fmt: skip


def test_a_family_begins_with_its_base_form_and_is_contiguous():
    runs = [(family, list(run)) for family, run in groupby(SPECIES, key=lambda s: s.family)]
    assert len({family for family, _ in runs}) == len(runs)
    assert all(family == run[0].slug for family, run in runs)


def test_family_sizes():
    assert len({each.family for each in SPECIES}) == 79
    sizes = Counter(Counter(each.family for each in SPECIES).values())
    assert sizes == {1: 25, 2: 37, 3: 16, 4: 1}


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("bulbasaur", ["bulbasaur", "ivysaur", "venusaur"]),
        ("pikachu", ["pikachu", "raichu"]),
        ("nidoran-f", ["nidoran-f", "nidorina", "nidoqueen"]),
        ("nidoran-m", ["nidoran-m", "nidorino", "nidoking"]),
        ("gastly", ["gastly", "haunter", "gengar"]),
        ("hitmonlee", ["hitmonlee"]),
        ("hitmonchan", ["hitmonchan"]),
        ("onix", ["onix"]),
        ("eevee", ["eevee", "vaporeon", "jolteon", "flareon"]),
        ("dratini", ["dratini", "dragonair", "dragonite"]),
        ("mew", ["mew"]),
    ],
)
def test_families(family, expected):
    assert members(family) == expected


def test_slugs_are_the_folders_of_the_shared_data_set():
    if not KANTO.is_dir():
        pytest.skip(f"skipped: the shared data set is not at {KANTO}")
    assert {path.name for path in KANTO.iterdir() if path.is_dir()} == set(BY_SLUG)


@pytest.mark.parametrize(
    ("given", "slug"),
    [
        ("pikachu", "pikachu"),
        (" Pikachu ", "pikachu"),
        ("MR-MIME", "mr-mime"),
        ("Mr. Mime", "mr-mime"),
        ("Farfetch'd", "farfetchd"),
        ("Farfetch\N{RIGHT SINGLE QUOTATION MARK}d", "farfetchd"),
        ("Nidoran♀", "nidoran-f"),
        ("nidoran♂", "nidoran-m"),
    ],
)
def test_find_takes_slugs_and_names(given, slug):
    assert find(given) is BY_SLUG[slug]


def test_find_takes_every_slug_and_name():
    for each in SPECIES:
        assert find(each.slug) is find(each.name) is each


def test_find_suggests_what_was_meant():
    with pytest.raises(PokeclfError, match=r"no species 'pikachoo': did you mean pikachu\?"):
        find("pikachoo")
    with pytest.raises(PokeclfError, match=r"nidoran-f or nidoran-m|nidoran-m or nidoran-f"):
        find("nidoran")


@pytest.mark.parametrize("given", ["", "  ", "zzzz", "x" * 100_000])
def test_find_answers_nonsense_in_one_short_sentence(given):
    with pytest.raises(PokeclfError, match="such as pikachu or mr-mime") as error:
        find(given)
    message = str(error.value)
    assert len(message) < 160
    assert "\n" not in message


def test_a_species_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        SPECIES[0].number = 2


def test_labels_of_other_data_sets_stand_for_themselves():
    assert of("mr-mime") is BY_SLUG["mr-mime"]
    assert (of("Agumon").name, of("Agumon").number, of("Agumon").types) == ("Agumon", 0, ())
