"""Fields of a configuration: default, meaning, what is accepted; hence its flag."""

from __future__ import annotations

import dataclasses
import math
import typing
from typing import Any, Dict, Mapping, Optional, Sequence, TypeVar

from ..errors import UsageError
from ..results.record import MOST_ROWS

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

#: Upper bounds: beyond them no run makes sense, and some would not end.
MOST_UNITS = 65_536
MOST_LAYERS = 100
MOST_STEPS = 10_000
MOST_EPOCHS = MOST_ROWS  # a record has one for each
MOST = 2**31 - 1  # of what the data bounds anyway
LARGEST_REAL = 1e38  # float32 ends at 3.4e38
LONGEST_TEXT = 10_000  # letters

C = TypeVar("C")
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
    by_default: str = "",
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
    by_default : str
        What the default does, for ``--help``, where the value does not say it.
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
        "by_default": by_default,
    }
    return dataclasses.field(default=default, metadata=metadata)


def data_dir_setting() -> Any:
    """Where the files of the corpora are looked for."""
    return setting(
        "",
        "folder to look in first for corpus files",
        effect="folder",
        by_default="$D2L_RNN_DATA, then the user's cache",
    )


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
    """Refuse values of another type, and values out of bounds.

    Raises
    ------
    UsageError
        Naming flag, value and what is accepted.
    """
    types = types_of(type(config))
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        rules = {**_NO_RULES, **field.metadata}  # a reader's plain field has none
        accepted = _other_type(value, types[field.name]) or _out_of_bounds(value, rules)
        if accepted:
            raise UsageError(
                f"{flag_of(field)} {_shown(value)}: accepted is {accepted}"
            )


def _other_type(value: Any, kind: Any) -> str:
    """What is accepted, where a value is not of a field's type."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is bool and not isinstance(value, bool):
        return "true or false"
    if kind is int and not (is_number and isinstance(value, int)):
        return "a whole number"
    if kind is float and (not is_number or value != value):
        return "a number"
    if kind is str and not isinstance(value, str):
        return "a text"
    if kind is str and len(value) > LONGEST_TEXT:
        return f"a text of at most {LONGEST_TEXT:,} letters"
    if kind is str and ("\0" in value or not _is_unicode(value)):
        return "a text in UTF-8 without NULs"
    return ""


def _out_of_bounds(value: Any, rules: Mapping[str, Any]) -> str:
    if rules["choices"] is not None and value not in rules["choices"]:
        return ", ".join(map(str, rules["choices"]))
    if rules["minimum"] is not None and value < rules["minimum"]:
        return f"at least {rules['minimum']}"
    if rules["above"] is not None and value <= rules["above"]:
        return f"greater than {rules['above']}"
    if rules["maximum"] is not None and value > rules["maximum"]:
        return f"at most {rules['maximum']}"
    return ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: object) -> str:
    """A value in one short line, whatever it is."""
    if isinstance(value, int) and value.bit_length() > 100:
        return f"of about 10^{int(value.bit_length() * math.log10(2))}"
    text = ascii(value).strip("'")
    return text if len(text) <= 60 else f"{text[:60]}..."


def from_record(defaults: C, found: Mapping[str, object]) -> C:
    """A configuration as a record has it.

    Parameters
    ----------
    defaults : dataclass
        Of the experiment: what came after the record was made has its default, which
        goes on as before.
    found : mapping
        The content of ``config.json``; what is no field is left out.

    Raises
    ------
    UsageError
        As if it had been typed.
    """
    types = types_of(type(defaults))
    values: Dict[str, Any] = {}
    for name in types:
        if name in found:
            value = found[name]
            if types[name] is str and isinstance(value, float):
                # JSON has no infinity: its reader takes the text "inf" for one.
                value = value if math.isfinite(value) else str(value)
            values[name] = value
    return dataclasses.replace(defaults, **values)  # type: ignore[type-var]
