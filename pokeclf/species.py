"""The 151 first-generation species: number, slug, display name, types and evolution family.

Types are today's (Clefairy is Fairy, Magnemite is Electric and Steel), not those of 1996.
Families join first-generation species only: Pikachu's begins with Pikachu, not with Pichu.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pokeclf.errors import PokeclfError

__all__ = ["BY_SLUG", "SPECIES", "Species", "find"]


@dataclass(frozen=True)
class Species:
    """One species.

    `slug` is lower-case ASCII and names folders and classes; `name` is what people read.
    `types` holds one or two lower-case types, the primary one first.
    `family` is the slug of the first species in the evolution line.
    """

    number: int
    slug: str
    name: str
    types: tuple[str, ...]
    family: str


# One row per family: the number of its first species, then each member with its types.
# Members of a family have consecutive numbers, so the rows are the Pokédex in order.
_FAMILIES = """
  1  bulbasaur grass/poison, ivysaur grass/poison, venusaur grass/poison
  4  charmander fire, charmeleon fire, charizard fire/flying
  7  squirtle water, wartortle water, blastoise water
 10  caterpie bug, metapod bug, butterfree bug/flying
 13  weedle bug/poison, kakuna bug/poison, beedrill bug/poison
 16  pidgey normal/flying, pidgeotto normal/flying, pidgeot normal/flying
 19  rattata normal, raticate normal
 21  spearow normal/flying, fearow normal/flying
 23  ekans poison, arbok poison
 25  pikachu electric, raichu electric
 27  sandshrew ground, sandslash ground
 29  nidoran-f poison, nidorina poison, nidoqueen poison/ground
 32  nidoran-m poison, nidorino poison, nidoking poison/ground
 35  clefairy fairy, clefable fairy
 37  vulpix fire, ninetales fire
 39  jigglypuff normal/fairy, wigglytuff normal/fairy
 41  zubat poison/flying, golbat poison/flying
 43  oddish grass/poison, gloom grass/poison, vileplume grass/poison
 46  paras bug/grass, parasect bug/grass
 48  venonat bug/poison, venomoth bug/poison
 50  diglett ground, dugtrio ground
 52  meowth normal, persian normal
 54  psyduck water, golduck water
 56  mankey fighting, primeape fighting
 58  growlithe fire, arcanine fire
 60  poliwag water, poliwhirl water, poliwrath water/fighting
 63  abra psychic, kadabra psychic, alakazam psychic
 66  machop fighting, machoke fighting, machamp fighting
 69  bellsprout grass/poison, weepinbell grass/poison, victreebel grass/poison
 72  tentacool water/poison, tentacruel water/poison
 74  geodude rock/ground, graveler rock/ground, golem rock/ground
 77  ponyta fire, rapidash fire
 79  slowpoke water/psychic, slowbro water/psychic
 81  magnemite electric/steel, magneton electric/steel
 83  farfetchd normal/flying
 84  doduo normal/flying, dodrio normal/flying
 86  seel water, dewgong water/ice
 88  grimer poison, muk poison
 90  shellder water, cloyster water/ice
 92  gastly ghost/poison, haunter ghost/poison, gengar ghost/poison
 95  onix rock/ground
 96  drowzee psychic, hypno psychic
 98  krabby water, kingler water
100  voltorb electric, electrode electric
102  exeggcute grass/psychic, exeggutor grass/psychic
104  cubone ground, marowak ground
106  hitmonlee fighting
107  hitmonchan fighting
108  lickitung normal
109  koffing poison, weezing poison
111  rhyhorn ground/rock, rhydon ground/rock
113  chansey normal
114  tangela grass
115  kangaskhan normal
116  horsea water, seadra water
118  goldeen water, seaking water
120  staryu water, starmie water/psychic
122  mr-mime psychic/fairy
123  scyther bug/flying
124  jynx ice/psychic
125  electabuzz electric
126  magmar fire
127  pinsir bug
128  tauros normal
129  magikarp water, gyarados water/flying
131  lapras water/ice
132  ditto normal
133  eevee normal, vaporeon water, jolteon electric, flareon fire
137  porygon normal
138  omanyte rock/water, omastar rock/water
140  kabuto rock/water, kabutops rock/water
142  aerodactyl rock/flying
143  snorlax normal
144  articuno ice/flying
145  zapdos electric/flying
146  moltres fire/flying
147  dratini dragon, dragonair dragon, dragonite dragon/flying
150  mewtwo psychic
151  mew psychic
"""

# Every other display name is the slug with a capital letter.
_NAMES = {
    "farfetchd": "Farfetch'd",
    "mr-mime": "Mr. Mime",
    "nidoran-f": "Nidoran♀",
    "nidoran-m": "Nidoran♂",
}


def _parse(table: str) -> Iterator[Species]:
    for row in table.strip().splitlines():
        first, members = row.split(maxsplit=1)
        pairs = [member.split() for member in members.split(",")]
        family = pairs[0][0]
        for number, (slug, types) in enumerate(pairs, start=int(first)):
            name = _NAMES.get(slug, slug.capitalize())
            yield Species(number, slug, name, tuple(types.split("/")), family)


SPECIES: tuple[Species, ...] = tuple(_parse(_FAMILIES))
"""All 151 species in Pokédex order."""

BY_SLUG: Mapping[str, Species] = MappingProxyType({each.slug: each for each in SPECIES})
"""The same species by slug, still in Pokédex order."""

_BY_ANY_NAME = {each.name.casefold(): each for each in SPECIES} | dict(BY_SLUG)


def find(slug: str) -> Species:
    """Return the species with this slug or display name, whatever its case.

    Raises PokeclfError when there is none.
    """
    wanted = slug.strip().casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if wanted in _BY_ANY_NAME:
        return _BY_ANY_NAME[wanted]
    shown = slug if len(slug) <= 40 else slug[:39] + "…"
    close = difflib.get_close_matches(wanted[:40], _BY_ANY_NAME, n=4)
    slugs = list(dict.fromkeys(_BY_ANY_NAME[name].slug for name in close))
    hint = (
        f"did you mean {' or '.join(slugs[:3])}?"
        if slugs
        else "give the slug of a first-generation species, such as pikachu or mr-mime."
    )
    raise PokeclfError(f"There is no species {shown!r}: {hint}")


def of(label: str) -> Species:
    """The species of a class label; a stand-in numbered 0 when a model was trained on others."""
    return BY_SLUG.get(label) or Species(0, label, label, (), label)
