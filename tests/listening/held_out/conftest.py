from tests.listening.features.conftest import world  # noqa: F401 - a fixture
