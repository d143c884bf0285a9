"""What is a configuration and what is not, and where the error is said to be."""

import pytest

from kea_mp.config.load import config_from_text
from kea_mp.errors import ConfigError
from tests.unit.config import cases4, cases6
from tests.unit.config.cases import Case

CASES = [*cases4.CASES, *cases6.CASES]


@pytest.mark.parametrize("case", [case for case in CASES if case.error is None], ids=lambda case: case.text[:80])
def test_good_configuration_is_taken(case: Case) -> None:
    config = config_from_text(case.text, "f.conf", case.family)
    assert config.raw
    assert config.family == case.family


@pytest.mark.parametrize("case", [case for case in CASES if case.error is not None], ids=lambda case: case.text[:80])
def test_bad_configuration_is_refused_with_its_place(case: Case) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_text(case.text, "f.conf", case.family)
    assert caught.value.path == case.error
    assert caught.value.where.startswith("f.conf:")
    assert case.says in caught.value.problem
