"""The groups of the asset graph: who answers for each, and what kind of data stands in it."""

import dagster as dg

# personal data: records of persons, named as sent or under tokens; crime records: crimes by their references, without persons
GROUPS = {
    "returns": ("team:returns", "personal_data"),
    "reference": ("team:analysts", "code_lists"),
    "staging": ("team:engineers", "personal_data"),
    "intermediate": ("team:engineers", "personal_data"),
    "cpai": ("team:engineers", "personal_data"),
    "candidates": ("team:readers", "personal_data"),
    "readings": ("team:readers", "personal_data"),
    "cocad": ("team:analysts", "personal_data"),
    "marts": ("team:analysts", "figures"),
    "quality": ("team:analysts", "crime_records"),
    "views": ("team:analysts", "figures"),
    "force_packs": ("team:returns", "crime_records"),
    "releases": ("team:analysts", "figures"),
}


def with_owner(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The asset as its group has it. Raises KeyError for a group without an owner."""
    owner, data = GROUPS[spec.group_name or ""]
    return spec.merge_attributes(owners=[owner], tags={"cpai/data": data})
