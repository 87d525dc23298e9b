"""Settings as they come: variables, and files that stand for variables. Owns that everything wrong is told at once."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings

from chassis import secret_files


class EnvironmentSettings(BaseSettings):
    """Read from the environment, after secrets in files were put into it: whoever reads that later finds them."""

    def __init__(self, **values: Any) -> None:
        """Raises `ValidationError` with all that is wrong, a file that cannot be read among it."""
        problems = secret_files.take_in(os.environ)
        try:
            super().__init__(**values)
        except ValidationError as error:
            if not problems:
                raise
            raise self._together(problems, error.errors(include_input=False, include_url=False)) from None
        if problems:
            raise self._together(problems, [])

    @classmethod
    def variable_of(cls, field: str) -> str:
        """The environment variable that a field (or alias) is read from."""
        alias = cls.model_fields[field].validation_alias if field in cls.model_fields else None
        if alias or field.isupper():
            return str(alias or field)
        return f"{cls.model_config.get('env_prefix', '')}{field}".upper()

    @classmethod
    def _together(cls, problems: Mapping[str, str], errors: Sequence[Any]) -> ValidationError:
        """One error; of a variable whose file is wrong nothing else is said."""
        found = [_detail((name,), text) for name, text in problems.items()]
        others = (error for error in errors if cls.variable_of(str((*error["loc"], "")[0])) not in problems)
        found += [_detail(error["loc"], error["msg"]) for error in others]
        return ValidationError.from_exception_data(cls.__name__, found)


def settings_problem(error: ValidationError) -> str:
    """Every wrong setting at once, by name and never by value."""
    lines = [
        f"  {_place(error, found['loc'])}{found['msg'].removeprefix('Value error, ')}"
        for found in error.errors(include_input=False)
    ]
    return "\n".join(["These settings are missing or wrong:", *lines])


def _place(error: ValidationError, place: tuple[int | str, ...]) -> str:
    """The environment variable to set; what is wrong between several names them itself."""
    known = {settings.__name__: settings for settings in _below(EnvironmentSettings)}
    variable = known.get(error.title, EnvironmentSettings).variable_of(".".join(str(part) for part in place))
    return f"{variable}: " if place else ""


def _below(settings: type[EnvironmentSettings]) -> Iterator[type[EnvironmentSettings]]:
    for one in settings.__subclasses__():
        yield one
        yield from _below(one)


def _detail(place: tuple[int | str, ...], text: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("setting", "{text}", {"text": text}), loc=place, input=None)
