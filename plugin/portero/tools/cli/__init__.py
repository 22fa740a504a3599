"""The command line: `portero COMMAND`, one module a command.

Exit status everywhere: 0 all allowed or clean, 1 something is denied or violated, 2 error.
Imports: decide.decision, decide.engine, decide.facts, decide.flags, decide.identity, decide.images, decide.interfaces,
decide.judging, decide.policy, decide.values, observe.dockerd, observe.files, observe.host, observe.process,
observe.stores, serve.application, serve.server, serve.settings, serve.signing, serve.status, tools.compose,
tools.hostcheck, tools.proof, tools.recording, tools.registries, tools.report, tools.scan, tools.standin,
tools.suggest, tools.terminal.
"""

from portero.tools.cli.commands import main

__all__ = ["main"]
