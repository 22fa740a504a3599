"""JSON merge patches (RFC 7396): how an example differs from its base document, and one schema from another."""

from portero.values.json_types import JSON


def merged(target: JSON, patch: JSON) -> JSON:
    """The target with the patch applied: null removes a name, objects merge, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
