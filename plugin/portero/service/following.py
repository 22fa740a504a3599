"""A follower of the policy bundle under these settings: where it comes from, and what this host trusts."""

from dataclasses import replace
from pathlib import Path

from portero.bundles import state as bundle_state
from portero.bundles.address import parse_address
from portero.bundles.checked import Trust
from portero.bundles.fetch import BundleSource
from portero.bundles.follow import Follower
from portero.bundles.state import BundleState
from portero.service import docker_api, loading
from portero.service.settings import Settings
from portero.signing import versions
from portero.signing.signed_reader import trusted_keys

# A look takes at most so many seconds, whatever the server does.
DEADLINE = 60.0


def make_follower(settings: Settings) -> Follower:
    """The follower of PORTERO_BUNDLE; a state that cannot be read counts as none, and all is fetched anew."""
    try:
        state = bundle_state.read(settings.bundle_folder) or BundleState()
    except (OSError, ValueError):
        state = BundleState()
    source = BundleSource(parse_address(settings.bundle), DEADLINE, settings.bundle_login, settings.bundle_ca)
    every, folder = settings.bundle_every, settings.bundle_folder
    return Follower(
        source, folder, every, lambda: make_trust(settings), lambda place: _try_load(settings, place), state
    )


def _try_load(settings: Settings, place: Path) -> None:
    """Load all policy as the plugin will, with the bundle in this folder. Raises LoadError."""
    with_new = replace(settings, schemas=(*settings.schemas[:-1], place))
    routes, _ = docker_api.load_api()
    loading.load_trusted(with_new, routes.operations)


def make_trust(settings: Settings) -> Trust:
    """What this host takes now. Raises InvalidKeys and InvalidVersions."""
    seen = {} if settings.allow_rollback == "yes" else versions.read(settings.state)
    return Trust(trusted_keys(settings.trusted_keys), settings.host_groups, seen)
