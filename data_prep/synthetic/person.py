"""Synthetic people, and the geometry and colours of their faces at an age.

Growth follows forensic age progression: the cranium is nearly full-grown at birth, the face below it grows down and
forward until about 20, cartilage (ears, nose) grows throughout life, and later the face loses volume, folds appear, and
hair becomes grey and thin. The numbers are chosen by eye; the data set is for demonstrations and tests only.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Colour = tuple[float, float, float]
"""Red, green and blue in 0..255."""

Gender = Literal["male", "female"]

HairStyle = Literal["short", "side", "long", "curly", "bun"]

# From very light to very dark, along the Fitzpatrick scale.
SKIN_TONES = np.array(
    [[246, 218, 198], [233, 192, 164], [220, 174, 138], [198, 146, 106], [160, 110, 76], [118, 78, 54], [80, 53, 41]]
)
HAIR_COLOURS: tuple[Colour, ...] = (
    (28, 24, 24),
    (52, 36, 28),
    (86, 56, 36),
    (128, 84, 48),
    (190, 150, 92),
    (222, 192, 132),
    (158, 72, 36),
)
GREY: Colour = (188, 186, 184)
WHITE: Colour = (246, 245, 242)
EYE_COLOURS: tuple[Colour, ...] = ((62, 38, 24), (92, 58, 32), (104, 108, 58), (72, 112, 92), (84, 128, 168))


@dataclass(frozen=True)
class Person:
    """Properties of a person that do not change with age. Tendencies are in 0..1; "relative" means to the average.

    Args:
        skin: Colour of young skin.
        hair: Colour of young hair.
        eyes: Colour of the irises.
        gender: Determines jaw, eyebrows, lips, beard and hair styles from puberty on.
        hair_style: Hair style of the adult; small children have little hair.
        width: Relative width of the face.
        jaw: Relative width of the jaw.
        eye_size: Relative size of the eyes.
        eye_gap: Relative distance of the eyes.
        nose_width: Relative width of the nose.
        nose_length: Relative length of the nose.
        mouth_width: Relative width of the mouth.
        lips: Relative thickness of the lips.
        brow_weight: Relative thickness of the eyebrows.
        brow_tilt: How much the outer ends of the eyebrows are raised, in face units.
        ear_size: Relative size of the ears.
        greying_age: Age in years at which half of the hair is grey.
        balding: Tendency to lose hair.
        wrinkling: Relative depth of the wrinkles at an age.
        beard: Tendency to have a beard.
        freckles: Density of freckles.
        glasses: Tendency to wear glasses.
    """

    skin: Colour
    hair: Colour
    eyes: Colour
    gender: Gender
    hair_style: HairStyle
    width: float = 1.0
    jaw: float = 1.0
    eye_size: float = 1.0
    eye_gap: float = 1.0
    nose_width: float = 1.0
    nose_length: float = 1.0
    mouth_width: float = 1.0
    lips: float = 1.0
    brow_weight: float = 1.0
    brow_tilt: float = 0.0
    ear_size: float = 1.0
    greying_age: float = 50.0
    balding: float = 0.0
    wrinkling: float = 1.0
    beard: float = 0.0
    freckles: float = 0.0
    glasses: float = 0.0


def sample_person(rng: np.random.Generator) -> Person:
    """Return a random person."""
    tone = rng.uniform(0, len(SKIN_TONES) - 1)
    positions = np.arange(len(SKIN_TONES))
    red, green, blue = (float(np.interp(tone, positions, SKIN_TONES[:, i])) + rng.normal(0, 3) for i in range(3))
    dark = tone > 3.2
    male = bool(rng.random() < 0.5)
    styles: tuple[HairStyle, ...] = ("short", "side", "curly") if male else ("long", "long", "side", "bun", "curly")
    return Person(
        skin=(red, green, blue),
        hair=HAIR_COLOURS[rng.integers(2 if dark else len(HAIR_COLOURS))],
        eyes=EYE_COLOURS[rng.integers(2 if dark else len(EYE_COLOURS))],
        gender="male" if male else "female",
        hair_style=styles[rng.integers(len(styles))],
        width=_near(1, 0.05, rng),
        jaw=_near(1, 0.08, rng),
        eye_size=_near(1, 0.06, rng),
        eye_gap=_near(1, 0.05, rng),
        nose_width=_near(1.2 if dark else 1, 0.1, rng),
        nose_length=_near(1, 0.05, rng),
        mouth_width=_near(1, 0.07, rng),
        lips=_near(1.3 if dark else 1, 0.13, rng),
        brow_weight=_near(1, 0.2, rng),
        brow_tilt=_near(0.01, 0.025, rng),
        ear_size=_near(1, 0.1, rng),
        greying_age=_near(53, 5, rng),
        balding=float(rng.beta(1.2, 1.4)) if male else float(rng.beta(1, 8)),
        wrinkling=_near(1, 0.09, rng),
        beard=float(rng.random()) if male else 0.0,
        freckles=float(rng.random()) if tone < 1.5 and rng.random() < 0.3 else 0.0,
        glasses=float(rng.random()),
    )


def _near(mean: float, deviation: float, rng: np.random.Generator) -> float:
    """Return a sample of a normal distribution that is clipped at two standard deviations."""
    return mean + deviation * float(np.clip(rng.normal(), -2, 2))


@dataclass(frozen=True)
class AgedFace:
    """A person's face at an age. Lengths are in face units: the hairline is at y = -1, the chin at y = 1.

    Args:
        person: The person.
        age: Age in years.
        growth: 0 at birth, 1 for adults.
        maturity: 0 before puberty, 1 after it.
        wrinkles: 0 when young, 1 at about 85; scaled by the person.
        sag: 0 at 30, 1 at about 90: jowls, eyelids, bags under the eyes.
        grey: Share of grey hair.
        hair_cover: Density of the hair; 0 is bald.
        recession: 0 for a full hairline, 1 for a bald crown.
        skin: Colour of the skin at this age.
        outline: Control points `(14, 2)` of the head, over the skull from left to right and back along the chin.
        top: y of the top of the skull.
        half_width: Half of the width of the face at the eyes.
        brow_y: y of the eyebrows.
        eye_y: y of the eyes.
        eye_x: Distance of the eyes from the centre line.
        eye_width: Half of an eye's width.
        nose_y: y of the nostrils.
        nose_width: Half of the nose's width.
        mouth_y: y where the lips meet.
        mouth_width: Half of the mouth's width.
        lips: Thickness of the lower lip.
        ear: Half of an ear's height.
    """

    person: Person
    age: float
    growth: float
    maturity: float
    wrinkles: float
    sag: float
    grey: float
    hair_cover: float
    recession: float
    skin: Colour
    outline: npt.NDArray[np.float64]
    top: float
    half_width: float
    brow_y: float
    eye_y: float
    eye_x: float
    eye_width: float
    nose_y: float
    nose_width: float
    mouth_y: float
    mouth_width: float
    lips: float
    ear: float

    @property
    def hair(self) -> Colour:
        """Mean colour of the hair at this age; that of children is lighter."""
        return mix(mix(self.person.hair, (255, 225, 170), 0.12 * (1 - self.growth)), self.grey_hair, self.grey)

    @property
    def grey_hair(self) -> Colour:
        """Colour of grey hair, which becomes white with age."""
        return mix(GREY, WHITE, self.sag)

    @property
    def masculinity(self) -> float:
        """Effect of puberty on a male face, 0..1."""
        return self.maturity if self.person.gender == "male" else 0.0


def face_at(person: Person, age: float) -> AgedFace:
    """Return a person's face at an age in years."""
    growth = _curve(age, (0, 1, 3, 6, 10, 14, 18, 24), (0, 0.16, 0.34, 0.52, 0.70, 0.85, 0.95, 1))
    maturity = _curve(age, (11, 14, 17, 21), (0, 0.35, 0.8, 1))
    wrinkles = _curve(age, (24, 35, 50, 65, 80, 95), (0, 0.14, 0.38, 0.64, 0.95, 1.3)) * person.wrinkling
    sag = _curve(age, (30, 45, 60, 75, 92), (0, 0.13, 0.34, 0.62, 1.05))
    male = maturity if person.gender == "male" else 0.0
    recession = person.balding * _curve(age, (20, 35, 50, 70, 90), (0, 0.3, 0.65, 1.0, 1.1))

    def grown(newborn: float, adult: float, old: float | None = None) -> float:
        value = newborn + (adult - newborn) * growth
        return value if old is None else value + (old - adult) * sag

    half_width = grown(0.87, 0.73, 0.725) * person.width
    top = grown(-1.50, -1.34)
    jaw = grown(0.67, 0.55 + 0.06 * male, 0.625 + 0.04 * male) * person.jaw * person.width
    chin = grown(0.27, 0.24 + 0.07 * male, 0.28 + 0.06 * male) * person.jaw
    cheek = grown(0.88, 0.71, 0.67) * person.width
    return AgedFace(
        person=person,
        age=age,
        growth=growth,
        maturity=maturity,
        wrinkles=wrinkles,
        sag=sag,
        grey=float(1 / (1 + np.exp(-(age - person.greying_age) / 5))),
        hair_cover=_curve(age, (0, 0.7, 1.5, 3, 62, 95), (0.15, 0.38, 0.75, 1, 1, 0.42)),
        recession=float(np.clip(recession, 0, 1)),
        skin=_skin_at(person, age, sag=sag),
        outline=_outline(half_width, top=top, cheek=cheek, jaw=jaw, chin=chin),
        top=top,
        half_width=half_width,
        brow_y=grown(-0.17, -0.41 + 0.03 * male, -0.35 + 0.03 * male),
        eye_y=grown(0.06, -0.19, -0.18),
        eye_x=grown(0.40, 0.335) * person.eye_gap,
        eye_width=grown(0.205, 0.158, 0.148) * person.eye_size,
        nose_y=grown(0.34, 0.25, 0.32) * person.nose_length,
        nose_width=grown(0.125, 0.140 + 0.02 * male, 0.178 + 0.02 * male) * person.nose_width,
        mouth_y=grown(0.60, 0.545, 0.58),
        mouth_width=grown(0.19, 0.265, 0.275) * person.mouth_width,
        lips=grown(0.085, 0.088 - 0.015 * male, 0.036) * person.lips,
        ear=grown(0.20, 0.235, 0.32) * person.ear_size,
    )


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return a mixture with `share` (clipped to 0..1) of the second colour."""
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def shade(colour: Colour, factor: float) -> Colour:
    """Return a brighter (factor above 1) or darker (below 1) colour."""
    red, green, blue = (min(max(value * factor, 0.0), 255.0) for value in colour)
    return red, green, blue


def random_colour(rng: np.random.Generator, *, low: float, high: float) -> Colour:
    """Return a random colour with components between `low` and `high`."""
    red, green, blue = rng.uniform(low, high, 3).tolist()
    return red, green, blue


def _curve(age: float, ages: tuple[float, ...], values: tuple[float, ...]) -> float:
    return float(np.interp(age, ages, values))


def _skin_at(person: Person, age: float, *, sag: float) -> Colour:
    """Return the colour of the skin: pink for babies, yellowish and darker in old age."""
    pink = mix(person.skin, (244, 150, 140), 0.13 * _curve(age, (0, 4, 12), (1, 0.6, 0)))
    red, green, blue = pink
    return red * (1 - 0.07 * sag), green * (1 - 0.09 * sag), blue * (1 - 0.20 * sag)


def _outline(half_width: float, *, top: float, cheek: float, jaw: float, chin: float) -> npt.NDArray[np.float64]:
    """Return `(14, 2)`: seven points over the skull, then right cheek, jaw and chin, its tip, and the left side."""
    angles = np.linspace(np.pi, 0, 7)
    skull = np.stack([half_width * np.cos(angles), -0.25 + (top + 0.25) * np.sin(angles)], axis=1)
    right = np.array([[cheek, 0.18], [jaw, 0.64], [chin, 0.94]])
    left = right[::-1] * [-1, 1]
    return np.concatenate([skull, right, [[0.0, 1.0]], left])
