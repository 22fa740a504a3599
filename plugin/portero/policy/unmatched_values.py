"""Names in the site's lists that no request can have: a value behind a sysctl, or * where it stands for itself.

The site's values and site.schema.json in, a sentence for each such name out.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.policy.site import keys
from portero.types import JSON


def list_notices(values: Mapping[str, JSON], site_schema: Mapping[str, JSON]) -> Iterator[str]:
    """One sentence for each name; `values` have passed the schema."""
    for key, becomes in keys(site_schema).items():
        for name in cast(list[str], values[key]) if becomes == "name-list" else ():
            if "*" in name:
                yield f"site.json: {key}: {name} matches nothing, since * stands for itself here: write each name out"
            elif key == "sysctls" and "=" in name:
                yield f"site.json: {key}: {name} matches nothing: write the name alone, {name.partition('=')[0]}"
