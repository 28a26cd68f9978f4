"""Alpha, AC1 and their intervals from the counts of reading_confusion: the bootstrap is numpy's, not SQL's."""


def model(dbt, session):
    from orchestration.readings.agreement import measure

    cells = dbt.ref("reading_confusion").fetchall()
    policy = dict(dbt.ref("agreement_policy").select("setting, value").fetchall())
    return measure(cells, policy)
