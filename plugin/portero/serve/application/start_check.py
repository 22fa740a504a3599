"""Whether Portero could start as it should (`portero serve --check`): all of it is tried, and nothing is changed."""

from portero.decide.values.errors import LoadError
from portero.observe.files.whole_files import try_to_make
from portero.observe.stores import api_tables
from portero.serve.application import application, loading
from portero.serve.application.judged_host import make_daemon
from portero.serve.decision_log.log_state import JOURNAL, STANDARD_OUTPUT
from portero.serve.settings.settings import Settings


def check_start(settings: Settings) -> None:
    """Raises LoadError with every fault. Nothing is put into force."""
    faults: list[str] = []
    for check in (_check_policy, _check_log):
        try:
            check(settings)
        except LoadError as error:
            faults += error.faults
    if faults:
        raise LoadError(faults)


def _check_policy(settings: Settings) -> None:
    routes, shapes = api_tables.load_api()
    loaded = loading.load_trusted(settings, routes.operations)
    loading.assemble_judge(settings, loaded.policy, routes, shapes, loaded.state.links, make_daemon(settings, routes))
    loading.remember_versions(settings, loaded.state.signed, only_tries=True)


def _check_log(settings: Settings) -> None:
    is_file = settings.log not in (JOURNAL, STANDARD_OUTPUT)
    with application.explain_log_errors(settings):
        if is_file and try_to_make(settings.log):
            return
    application.open_log(settings)
