"""Fields of a configuration: default, meaning, what is accepted; hence its flag."""

from __future__ import annotations

import dataclasses
import math
import typing
from typing import Any, Dict, Optional, Sequence

from ..errors import UsageError

# What a setting has an effect on. Runs that differ in a setting of the first kind are
# other experiments; which of the others matter depends on what is asked.
EFFECTS = (
    "number",  # the curve and what follows from it
    "text",  # only what is made with the trained model
    "length",  # how far the curve goes
    "source",  # which data, told apart by their SHA-1
    "seed",  # which of the equally good draws
    "weights",  # whose first weights: comparable, but not to be thrown together
    "device",
    "folder",  # where files are looked for
)


_NO_RULES = {"choices": None, "minimum": None, "above": None, "maximum": None}


def setting(
    default: Any,
    text: str,
    choices: Optional[Sequence[str]] = None,
    minimum: Optional[float] = None,
    above: Optional[float] = None,
    maximum: Optional[float] = None,
    flag: Optional[str] = None,
    effect: str = "number",
) -> Any:
    """A dataclass field that also makes a command-line flag.

    Parameters
    ----------
    default : any
    text : str
        What it is, for ``--help``.
    choices : sequence of str, optional
        The only values accepted.
    minimum, above, maximum : float, optional
        Bounds: at least, greater than, at most.
    flag : str, optional
        Where it is not ``--`` and the field's name.
    effect : str
        What it has an effect on, one of ``EFFECTS``.
    """
    assert effect in EFFECTS, effect
    metadata = {
        "text": text,
        "choices": choices,
        "minimum": minimum,
        "above": above,
        "maximum": maximum,
        "flag": flag,
        "effect": effect,
    }
    return dataclasses.field(default=default, metadata=metadata)


def flag_of(field: Any) -> str:
    """The command-line flag of a configuration's field."""
    return str(field.metadata.get("flag") or "--" + field.name.replace("_", "-"))


def choices_of(config: Any, name: str) -> Sequence[str]:
    """The values that a setting accepts; none where it is no choice, or not there."""
    for field in dataclasses.fields(config):
        if field.name == name:
            return field.metadata.get("choices") or ()
    return ()


def settings_with(config: Any, *effects: str) -> Dict[str, Any]:
    """The settings that have one of these effects, with their values."""
    return {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.metadata.get("effect", "number") in effects
    }


def types_of(config_class: type) -> Dict[str, Any]:
    """The fields' types, resolved (annotations are strings)."""
    return typing.get_type_hints(config_class)


def check_fields(config: Any) -> None:
    """Refuse values out of bounds.

    Raises
    ------
    UsageError
        Naming flag, value and what is accepted.
    """
    types = types_of(type(config))
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        rules = {**_NO_RULES, **field.metadata}  # a reader's plain field has none
        problem = None
        if types[field.name] in (int, float) and not isinstance(value, (int, float)):
            problem = "a number"
        elif types[field.name] is int and value != int(value):
            problem = "a whole number"
        elif isinstance(value, float) and math.isnan(value):
            problem = "a number"
        elif rules["choices"] is not None and value not in rules["choices"]:
            problem = ", ".join(map(str, rules["choices"]))
        elif rules["minimum"] is not None and value < rules["minimum"]:
            problem = f"at least {rules['minimum']}"
        elif rules["above"] is not None and value <= rules["above"]:
            problem = f"greater than {rules['above']}"
        elif rules["maximum"] is not None and value > rules["maximum"]:
            problem = f"at most {rules['maximum']}"
        if problem:
            raise UsageError(f"{flag_of(field)} {value}: accepted is {problem}")
